// Sends that found the buffer full, in the order of the calls. A list of `sendBatch` waits as one and enters message by message, so one
// that is larger than the buffer goes through as room comes.
import { Fifo } from '@castellan/protocol'
import type { PlainMessage, Settlers } from './types.ts'

export interface Placing {
  readonly message: PlainMessage
  readonly settlers: Settlers
  /** Number of the send: what a flush has to wait for. */
  readonly ticket: number
  readonly sentAtMs: number
}

interface Entry {
  readonly messages: readonly PlainMessage[]
  readonly settlersOf: (index: number) => Settlers
  /** Of the next message to enter. */
  next: number
  readonly ticket: number
  readonly sentAtMs: number
}

export class Blocked {
  readonly #entries = new Fifo<Entry>()

  /** Of sends; a list counts as one. */
  get length(): number {
    return this.#entries.length
  }

  /** Number of the earliest send. */
  get ticket(): number | undefined {
    return this.#entries.peek()?.ticket
  }

  /** What follows `from` in `messages` waits. */
  push(
    messages: readonly PlainMessage[],
    from: number,
    settlersOf: (index: number) => Settlers,
    ticket: number,
    sentAtMs: number,
  ): void {
    this.#entries.push({ messages, settlersOf, next: from, ticket, sentAtMs })
  }

  /** Takes out the message whose turn it is. */
  shift(): Placing | undefined {
    const entry = this.#entries.peek()
    return entry === undefined ? undefined : this.#take(entry)
  }

  /** Takes out a message that waits since before `sentBeforeMs`, if there is one. */
  shiftExpired(sentBeforeMs: number): Placing | undefined {
    const entry = this.#entries.peek()
    return entry === undefined || entry.sentAtMs > sentBeforeMs ? undefined : this.#take(entry)
  }

  #take(entry: Entry): Placing {
    const { messages, settlersOf, ticket, sentAtMs } = entry
    const index = entry.next++
    if (entry.next >= messages.length) this.#entries.shift()
    return { message: messages[index]!, settlers: settlersOf(index), ticket, sentAtMs }
  }
}

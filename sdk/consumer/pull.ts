// `for await (const message of consumer)`: the loop asks for messages one by one, and partitions take turns in giving them.
//
//   loop asks ─> the partition that waits longest takes a message ─> loop ─ asks again: done ─> ...
//                                                                         └ leaves: not done
//
// Nothing is taken from a partition before the loop asks, so one that nobody looks at can go to another member at once.

import { Fifo } from '@castellan/protocol'
import type { Clock } from '@castellan/protocol/runtime'
import type { Message } from '../kafka/message.ts'
import { abandoned } from './attempts.ts'
import type { Decoders, Mode } from './modes.ts'
import type { AssignedPartition } from './partition.ts'
import { Turn } from './turn.ts'
import type { HandlerContext } from './types.ts'

export interface Handed {
  readonly message: unknown
  readonly context: HandlerContext
  readonly done: () => void
  readonly leave: () => void
}

interface Asking {
  resolve(handed: Handed | null): void
  reject(error: unknown): void
}

export class Pull {
  /** Partitions that have something, the one that waits longest first. */
  readonly #waiting = new Set<AssignedPartition>()
  #asking: Asking | null = null
  /** What the loop has in hand. */
  #current: Handed | null = null
  /** Handed out when nobody asks any more: a message that was decoded only at another attempt. */
  readonly #offers = new Fifo<Handed>()
  readonly #turn: Turn
  #isClosed = false
  /** How it ended, once it has. */
  #end: { readonly error: unknown } | null = null

  constructor(clock: Clock) {
    this.#turn = new Turn(clock)
  }

  /** Whether this partition may take a message now; if not, it is woken when its turn comes. */
  enter(partition: AssignedPartition): boolean {
    this.#waiting.add(partition)
    if (this.#asking === null) return false
    const [first] = this.#waiting
    if (first !== partition) {
      first!.wake()
      return false
    }
    this.#waiting.delete(partition)
    return true
  }

  /** It has nothing, or may not. */
  leave(partition: AssignedPartition): void {
    this.#waiting.delete(partition)
    this.#wakeFirst()
  }

  mode(decoders: Decoders): Mode<Message> {
    return {
      take: (reader) => reader.next(),
      handle: (raw, context) => this.#offer(raw, context, decoders),
      firstOffset: ({ offset }) => offset,
    }
  }

  /** The next message; null: the consumer was closed. Throws what ended the consumer. */
  async next(): Promise<Handed | null> {
    this.#current = null
    if (this.#turn.isOver) await this.#turn.end()
    for (let offer = this.#offers.shift(); offer !== undefined; offer = this.#offers.shift()) {
      if (offer.context.signal.aborted) continue
      this.#current = offer
      return offer
    }
    return new Promise((resolve, reject) => {
      this.#asking = { resolve, reject }
      if (this.#end === null) this.#wakeFirst()
      else this.ended(this.#end.error)
    })
  }

  contextOf(message: unknown): HandlerContext | undefined {
    return this.#current?.message === message ? this.#current?.context : undefined
  }

  /** The loop was left: what it has in hand is not done, and will not be here. */
  leaveCurrent(): void {
    this.#current?.leave()
  }

  /** The consumer closes: nothing is handed out any more. */
  close(): void {
    this.#isClosed = true
    for (let offer = this.#offers.shift(); offer !== undefined; offer = this.#offers.shift()) offer.leave()
  }

  /** The consumer has closed; `error`: what ended it, or null. */
  ended(error: unknown): void {
    this.#end = { error }
    const asking = this.#asking
    this.#asking = null
    if (error === null) asking?.resolve(null)
    else asking?.reject(error)
  }

  /** Throws what `decode` throws, for a failed attempt; then another partition has its turn. */
  #offer(raw: Message, context: HandlerContext, decoders: Decoders): Promise<void> {
    if (this.#isClosed) return Promise.reject(abandoned)
    let message: unknown = raw
    try {
      message = decoders.get(raw.topic)?.decode(raw) ?? raw
    } catch (error) {
      this.#wakeFirst()
      throw error
    }
    return new Promise((resolve, reject) => {
      const handed: Handed = { message, context, done: () => resolve(), leave: () => reject(abandoned) }
      const asking = this.#asking
      this.#asking = null
      if (asking !== null) {
        this.#current = handed
        return asking.resolve(handed)
      }
      context.signal.addEventListener('abort', handed.leave, { once: true })
      this.#offers.push(handed)
    })
  }

  #wakeFirst(): void {
    if (this.#asking === null) return
    const [first] = this.#waiting
    first?.wake()
  }
}

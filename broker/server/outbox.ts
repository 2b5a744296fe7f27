// The answers of a connection that are due: all of a turn leave in one write, and what they refer to is released when
// they have left, or never will.
import type { Connection } from '@castellan/protocol/runtime'
import type { Counters } from '../metrics/counters.ts'
import type { Exchange } from './exchange.ts'
import type { Progress } from './slow-peers.ts'

export class Outbox {
  readonly #connection: Connection
  readonly #counters: Counters
  /** Called after each write: limits may allow more now. */
  readonly #onFlushed: () => void
  #chunks: Uint8Array[] = []
  /** Those of them that have something to release. */
  #exchanges: Exchange[] = []
  #bytes = 0
  #writtenBytes = 0
  /** Answers that left, of those that had something to release. */
  #released = 0
  /** Answers that hold memory that other fetches may wait for: written and not left, and to be written next. */
  #holding = 0
  #holdingNext = 0
  #isScheduled = false
  #isFull = false
  #isClosed = false

  constructor(connection: Connection, counters: Counters, onFlushed: () => void) {
    this.#connection = connection
    this.#counters = counters
    this.#onFlushed = onFlushed
  }

  /** The client does not take what was written. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** Bytes that wait for the end of this turn. */
  get bytes(): number {
    return this.#bytes
  }

  /** What the client does not take holds memory that other fetches may wait for. */
  get isHolding(): boolean {
    return this.#holding > 0
  }

  /** What the client has taken so far. */
  get taking(): Progress {
    return { messages: this.#released, bytes: this.#writtenBytes - this.#connection.bufferedBytes }
  }

  /** Takes an answered exchange; it leaves after those taken before. */
  add(exchange: Exchange): void {
    if (exchange.hasSentTasks) this.#exchanges.push(exchange)
    if (exchange.holdsRoom) this.#holdingNext++
    if (!exchange.chunks) return
    for (const chunk of exchange.chunks) this.#chunks.push(chunk)
    this.#bytes += exchange.responseBytes
    if (this.#isScheduled) return
    this.#isScheduled = true
    // After all that this turn's promises still answer, but before the next input.
    void Promise.resolve().then(() => this.flush())
  }

  flush(): void {
    this.#isScheduled = false
    if (this.#chunks.length === 0 || this.#isClosed) return
    const chunks = this.#chunks
    const exchanges = this.#exchanges
    this.#chunks = []
    this.#counters.bytesOut += this.#bytes
    this.#writtenBytes += this.#bytes
    this.#bytes = 0
    if (exchanges.length === 0) {
      this.#isFull = !this.#connection.write(chunks)
    } else {
      this.#exchanges = []
      const holding = this.#holdingNext
      this.#holdingNext = 0
      this.#holding += holding
      this.#isFull = !this.#connection.write(chunks, () => {
        this.#holding -= holding
        this.#released += exchanges.length
        allSent(exchanges)
      })
    }
    this.#onFlushed()
  }

  onDrain(): void {
    this.#isFull = false
  }

  /** Nothing will leave any more. */
  close(): void {
    this.#isClosed = true
    this.#chunks = []
    allSent(this.#exchanges)
    this.#exchanges = []
  }
}

function allSent(exchanges: readonly Exchange[]): void {
  for (const exchange of exchanges) exchange.sent()
}

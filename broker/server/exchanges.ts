// The exchanges of a connection whose answers are not due yet: in the order of their requests, which is that in which answers leave.
//
//   append ──► [ first: answered? ] ─ next ─ ... ─ [ last ]        an answer that is given early waits, held, for those before it
//                    '──► takeDue
import type { Exchange } from './exchange.ts'

export class Exchanges {
  count = 0
  /** Of their requests' frames. */
  requestBytes = 0
  /** Of answers that wait for the turn of an earlier one. */
  heldBytes = 0
  #first: Exchange | null = null
  #last: Exchange | null = null

  isFirst(exchange: Exchange): boolean {
    return exchange === this.#first
  }

  append(exchange: Exchange): void {
    const before = this.#last
    if (before) before.next = exchange
    else this.#first = exchange
    this.#last = exchange
    this.count++
    this.requestBytes += exchange.requestBytes
    before?.noteRequestBehind()
  }

  /** It has its answer, or null: there is nothing to send. */
  answer(exchange: Exchange, chunks: Uint8Array[] | null): void {
    exchange.chunks = chunks
    if (chunks) for (const chunk of chunks) exchange.responseBytes += chunk.length
    this.heldBytes += exchange.responseBytes
  }

  /** Takes the oldest off the list; null: it has no answer yet. */
  takeDue(): Exchange | null {
    const exchange = this.#first
    if (exchange === null || exchange.chunks === undefined) return null
    this.#first = exchange.next
    // Else one old exchange would keep all later ones from being collected young, and collections would take long.
    exchange.next = null
    if (!this.#first) this.#last = null
    this.count--
    this.requestBytes -= exchange.requestBytes
    this.heldBytes -= exchange.responseBytes
    return exchange
  }

  /** Those before `end` are answered at once, if they can be; null: all. */
  hurryUpTo(end: Exchange | null): void {
    for (let exchange = this.#first; exchange !== null && exchange !== end; ) {
      const { next } = exchange // one that is answered at once leaves the list
      exchange.abandon()
      exchange = next
    }
  }

  /** Nothing can be sent any more. Those not answered yet stay on the list until they are: their handlers hold on to the slab. */
  abandonAll(): void {
    const all: Exchange[] = []
    // One that is answered at once leaves the list.
    for (let exchange = this.#first; exchange; exchange = exchange.next) all.push(exchange)
    for (const exchange of all) {
      if (exchange.chunks === undefined) exchange.abandon()
      else exchange.sent()
    }
  }
}

// A bounded memory that is shared first come, first served: who finds it used up stands in line, and nobody overtakes.
// What is larger than the whole lane goes alone. The turn of who waits comes at the end of a turn of the loop: who gives
// memory back shall not find others' work started in the middle of it.
import type { Clock } from '@castellan/protocol/runtime'

interface Waiter {
  readonly bytes: number
  readonly onTurn: () => void
}

export class Lane {
  readonly bytesMax: number
  readonly #clock: Clock
  #usedBytes = 0
  /** In the order of asking. */
  readonly #waiting = new Set<Waiter>()
  #isServing = false

  constructor(clock: Clock, bytesMax: number) {
    this.#clock = clock
    this.bytesMax = bytesMax
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** How many stand in line. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** False: there is no room, or others wait for it. */
  take(bytes: number): boolean {
    if (this.#waiting.size > 0 || !this.#fits(bytes)) return false
    this.#usedBytes += bytes
    return true
  }

  /** Takes what is in use already, whether there is room or not. */
  insist(bytes: number): void {
    this.#usedBytes += bytes
  }

  giveBack(bytes: number): void {
    this.#usedBytes -= bytes
    if (this.#waiting.size > 0) this.#serveSoon()
  }

  /** Stands in line; the bytes are taken when `onTurn` is called. `cancel` does nothing afterwards. */
  wait(bytes: number, onTurn: () => void): { cancel(): void } {
    const waiter = { bytes, onTurn }
    this.#waiting.add(waiter)
    this.#serveSoon()
    return {
      cancel: () => {
        if (this.#waiting.delete(waiter)) this.#serveSoon()
      },
    }
  }

  #fits(bytes: number): boolean {
    return this.#usedBytes === 0 || this.#usedBytes + bytes <= this.bytesMax
  }

  #serveSoon(): void {
    if (this.#isServing) return
    this.#isServing = true
    this.#clock.soon(() => {
      this.#isServing = false
      for (const waiter of this.#waiting) {
        if (!this.#fits(waiter.bytes)) return
        this.#waiting.delete(waiter)
        this.#usedBytes += waiter.bytes
        waiter.onTurn()
      }
    })
  }
}

// Deadlines of requests that wait. Nearly all are met, and a timer for each request would cost more than its answer: so
// one coarse timer looks at all that wait, and runs only while something does.
import type { Clock, Timer } from '@castellan/protocol/runtime'

const lookEveryMs = 50

export interface Waiting {
  /** The deadline passed. Called at most once. */
  expire(): void
}

export class Deadlines {
  readonly #clock: Clock
  readonly #ends = new Map<Waiting, number>()
  #timer: Timer | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Expires `waiting` after `delayMs`, at most 50 ms late, unless it is removed before. */
  add(waiting: Waiting, delayMs: number): void {
    this.#ends.set(waiting, this.#clock.nowMs() + delayMs)
    this.#timer ??= this.#clock.after(lookEveryMs, () => this.#look())
  }

  remove(waiting: Waiting): void {
    this.#ends.delete(waiting)
  }

  #look(): void {
    this.#timer = undefined
    const nowMs = this.#clock.nowMs()
    for (const [waiting, endMs] of this.#ends) {
      if (endMs > nowMs) continue
      this.#ends.delete(waiting)
      waiting.expire()
    }
    if (this.#ends.size > 0) this.#timer ??= this.#clock.after(lookEveryMs, () => this.#look())
  }
}

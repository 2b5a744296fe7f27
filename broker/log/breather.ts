// For work that goes on for long: lets everybody else have a turn whenever it has held the loop for some milliseconds. Several
// tasks may share one; what counts is when any of them last let go.
import { type Clock, sleep } from '@castellan/protocol/runtime'

const holdMs = 5

export class Breather {
  readonly #clock: Clock
  #heldSinceMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#heldSinceMs = clock.nowMs()
  }

  /** Call it between pieces of work of at most a few milliseconds. */
  async breathe(): Promise<void> {
    if (this.#clock.nowMs() - this.#heldSinceMs < holdMs) return
    await sleep(this.#clock, 0)
    this.#heldSinceMs = this.#clock.nowMs()
  }
}

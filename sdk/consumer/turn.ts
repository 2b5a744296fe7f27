// Handlers that never wait would keep everything else from running: heartbeats, fetches, commits. So after a while the rest has its turn.
import type { Clock } from '@castellan/protocol/runtime'

const turnMs = 10

export class Turn {
  readonly #clock: Clock
  #startMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  begin(): void {
    this.#startMs = this.#clock.nowMs()
  }

  get isOver(): boolean {
    return this.#clock.nowMs() - this.#startMs >= turnMs
  }

  /** Resolves when the rest had its turn. */
  end(): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.soon(() => {
        this.begin()
        resolve()
      })
    })
  }
}

// A warning that a client may cause as often as it likes: counted each time, logged at most once a minute.
import type { Clock, Logger } from '@castellan/protocol/runtime'

const everyMs = 60_000

export class RepeatedWarning {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #message: string
  #total = 0
  #loggedMs = Number.NEGATIVE_INFINITY
  #loggedTotal = 0

  constructor(clock: Clock, log: Logger, message: string) {
    this.#clock = clock
    this.#log = log
    this.#message = message
  }

  /** How often it happened, in all. */
  get total(): number {
    return this.#total
  }

  happened(fields: Record<string, unknown>): void {
    this.#total++
    const nowMs = this.#clock.nowMs()
    if (nowMs - this.#loggedMs < everyMs) return
    this.#log.warn({ ...fields, times: this.#total - this.#loggedTotal }, this.#message)
    this.#loggedMs = nowMs
    this.#loggedTotal = this.#total
  }
}

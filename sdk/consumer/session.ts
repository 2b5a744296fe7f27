// The session at the coordinator, on our own clocks: until when an assignment counts (S3).
//
// It is asked before every message, and reading the boot-time clock costs 8 us on Linux (a file). So that clock is read only every few
// milliseconds, and whenever the wall clock has run ahead of the monotonic one: then the machine may have slept.
import { type Clock, type Deadline, isOver } from '@castellan/protocol/runtime'

const freshMs = 10
const aheadMs = 5

export class Session {
  readonly #clock: Clock
  #lease: Deadline | null = null
  #checkedMs = Number.NEGATIVE_INFINITY
  #checkedWallMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get lease(): Deadline | null {
    return this.#lease
  }

  /** An answer of the coordinator counts until `lease`. */
  renew(lease: Deadline): void {
    this.#lease = lease
    this.#checkedMs = Number.NEGATIVE_INFINITY
  }

  end(): void {
    this.#lease = null
  }

  /** Whether a handler may start now. */
  get isValid(): boolean {
    const lease = this.#lease
    if (lease === null) return false
    const nowMs = this.#clock.nowMs()
    const wallMs = this.#clock.wallMs()
    const passedMs = nowMs - this.#checkedMs
    if (passedMs < freshMs && wallMs - this.#checkedWallMs <= passedMs + aheadMs) return nowMs < lease.nowMs
    this.#checkedMs = nowMs
    this.#checkedWallMs = wallMs
    return !isOver(this.#clock, lease)
  }
}

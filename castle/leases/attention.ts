// The time during which this Castle paid attention. Leases that it gave are measured on it: whatever was sent to a Castle
// that was suspended, or whose event loop stood still, waits in a buffer unread, so that time proves nothing against
// anyone. A slow observer doubts itself first.
//
//   real     |----|----|----|-------- suspended --------|----|----|
//   attended |----|----|----|--                         |----|----|
//
// It follows whichever of the monotonic and the boot-time clock went further (heartbeat.md, Time).
import type { Clock } from '@castellan/protocol/runtime'

export class Attention {
  readonly #clock: Clock
  readonly #gapMaxMs: number
  readonly #startNowMs: number
  readonly #startBootMs: number
  /** The furthest that either clock has gone since the start, as of the last look. */
  #realMs = 0
  #lastNowMs: number
  #attendedMs = 0

  /** `gapMaxMs`: a longer time between two looks counts as this long. */
  constructor(clock: Clock, gapMaxMs: number) {
    this.#clock = clock
    this.#gapMaxMs = gapMaxMs
    this.#startNowMs = clock.nowMs()
    this.#startBootMs = clock.bootMs()
    this.#lastNowMs = this.#startNowMs
  }

  /** Must be called more often than every `gapMaxMs`. Returns the attended milliseconds since the start. */
  look(): number {
    const nowMs = this.#clock.nowMs()
    const realMs = Math.max(nowMs - this.#startNowMs, this.#clock.bootMs() - this.#startBootMs)
    this.#attendedMs += Math.min(this.#gapMaxMs, Math.max(0, realMs - this.#realMs))
    this.#realMs = Math.max(this.#realMs, realMs)
    this.#lastNowMs = nowMs
    return this.#attendedMs
  }

  /** The attended time now: cheap, for each heartbeat. Never ahead of the next look by more than a gap may count. */
  nowMs(): number {
    return this.#attendedMs + Math.min(this.#gapMaxMs, Math.max(0, this.#clock.nowMs() - this.#lastNowMs))
  }
  /** Nobody has looked for longer than a gap may be: what is read now may have waited for long. */
  get isLapsed(): boolean {
    return this.#clock.nowMs() - this.#lastNowMs > this.#gapMaxMs
  }
}

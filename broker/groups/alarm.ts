// One timer for many deadlines that mostly move away before they come: a heartbeat moves its session's end, not the timer, which finds
// out when it fires.
import type { Clock, Timer } from '@castellan/protocol/runtime'

/** A timer that is later than this says that this process was held up, and may have unread heartbeats. */
export const heldUpMs = 1_000

export class Alarm {
  readonly #clock: Clock
  readonly #ring: (wasHeldUp: boolean) => void
  #set: { readonly dueMs: number; readonly timer: Timer } | null = null

  constructor(clock: Clock, ring: (wasHeldUp: boolean) => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** Rings by then, or before; infinity: no need. */
  setBy(dueMs: number): void {
    if (dueMs === Number.POSITIVE_INFINITY) return
    if (this.#set && this.#set.dueMs <= dueMs) return
    this.cancel()
    const timer = this.#clock.after(Math.max(0, dueMs - this.#clock.nowMs()), () => {
      this.#set = null
      this.#ring(this.#clock.nowMs() - dueMs > heldUpMs)
    })
    this.#set = { dueMs, timer }
  }

  cancel(): void {
    this.#set?.timer.cancel()
    this.#set = null
  }
}

// For tests of deadlines: time stands still until the test lets it go, so that what has to happen before the deadline is not late on a slow
// machine. Timers run all the while.
import type { Clock, Runtime } from '@castellan/protocol/runtime'

export interface StillTime {
  readonly runtime: Runtime
  /** From now on time passes; again: nothing changes. */
  go(): void
}

export function stillTime(runtime: Runtime): StillTime {
  const stillMs = runtime.clock.nowMs()
  let goneMs: number | undefined
  const clock: Clock = {
    ...runtime.clock,
    nowMs: () => (goneMs === undefined ? stillMs : stillMs + runtime.clock.nowMs() - goneMs),
  }
  const go = () => {
    goneMs ??= runtime.clock.nowMs()
  }
  return { runtime: { ...runtime, clock }, go }
}

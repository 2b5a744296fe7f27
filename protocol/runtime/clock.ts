// Time, injected. Durations are measured on `nowMs`; `wallMs` is for people and record timestamps only.

export interface Timer {
  /** Does nothing when the timer has fired or was cancelled. */
  cancel(): void
}

export interface Clock {
  /** Wall clock: milliseconds since 1970. It may jump; never measure with it. */
  wallMs(): number
  /** Monotonic milliseconds, with fractions. Stands still while the machine sleeps. */
  nowMs(): number
  /** Monotonic milliseconds that go on while the machine sleeps (CLOCK_BOOTTIME). */
  bootMs(): number
  /** Runs `task` once, `delayMs` from now. */
  after(delayMs: number, task: () => void): Timer
  /** Runs `task` once at the end of this turn of the event loop, after all input of the turn was handled. */
  soon(task: () => void): void
}

/** Resolves after `delayMs`; rejects with the signal's reason when it aborts first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    const onAbort = () => {
      timer.cancel()
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/**
 * A span that is over when either the monotonic or the boot-time clock says so (heartbeat.md, Time): a
 * process that was suspended finds its lease over before it acts, not after.
 */
export interface Deadline {
  readonly nowMs: number
  readonly bootMs: number
}

export function deadlineIn(clock: Clock, delayMs: number): Deadline {
  return { nowMs: clock.nowMs() + delayMs, bootMs: clock.bootMs() + delayMs }
}

export function isOver(clock: Clock, deadline: Deadline): boolean {
  return clock.nowMs() >= deadline.nowMs || clock.bootMs() >= deadline.bootMs
}

// Trying again, wrapped around one call: after trouble that goes by, with back-off, within a time.
import { deadlineIn, isOver, type Runtime, sleep } from '@castellan/protocol/runtime'
import { type Backoff, backoffMs, requestBackoff } from '../backoff.ts'
import { isRetriable } from '../errors.ts'

export interface RetryOptions {
  /** For all tries together. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
  readonly backoff?: Backoff
}

/**
 * Calls `attempt` until it succeeds, throws what is not retriable, or the time is up (then the last error is thrown).
 * `attempt` gets the time that is left, ms. An abort throws the signal's reason.
 */
export async function retry<T>(
  runtime: Runtime,
  options: RetryOptions,
  attempt: (leftMs: number) => Promise<T>,
): Promise<T> {
  const { timeoutMs, signal, backoff = requestBackoff } = options
  const deadline = deadlineIn(runtime.clock, timeoutMs)
  for (let failures = 1; ; failures++) {
    try {
      return await attempt(Math.max(1, deadline.nowMs - runtime.clock.nowMs()))
    } catch (error) {
      const waitMs = backoffMs(backoff, failures, runtime.random)
      const late = isOver(runtime.clock, { nowMs: deadline.nowMs - waitMs, bootMs: deadline.bootMs - waitMs })
      if (!isRetriable(error) || late || signal?.aborted) throw error
      await sleep(runtime.clock, waitMs, signal)
    }
  }
}

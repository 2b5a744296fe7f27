// How long to wait before trying again: exponential, with jitter so that many who failed together do not come back together.
import type { Random } from '@castellan/protocol/runtime'

export interface Backoff {
  readonly initialMs: number
  readonly multiplier: number
  readonly maxMs: number
  /** 0 to 1: the part of the wait that is drawn by lot, half of it to each side. */
  readonly jitter: number
}

/** The wait after the `failures`-th failure in a row (1 is the first), ms. */
export function backoffMs(backoff: Backoff, failures: number, random: Random): number {
  const { initialMs, multiplier, maxMs, jitter } = backoff
  // Beyond some power the product is infinite; the cap holds all the same.
  const wait = Math.min(maxMs, initialMs * multiplier ** Math.max(0, failures - 1))
  return wait * (1 + jitter * (random.next() - 0.5))
}

/**
 * Between tries of requests: quick at first, since a moved leader is there within a fraction of a second (S1), and may hear that it leads
 * a few milliseconds after its clients do.
 */
export const requestBackoff: Backoff = { initialMs: 10, multiplier: 2, maxMs: 1000, jitter: 0.4 }

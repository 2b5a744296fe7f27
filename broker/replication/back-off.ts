// How long to wait before asking again: doubled with each failure, with jitter, so that many who failed together do not come together.
import type { Random } from '@castellan/protocol/runtime'

export interface BackOff {
  readonly minMs: number
  readonly maxMs: number
}

/** `failures`: how many there were in a row, at least one. From half of the doubled time to all of it. */
export function backOffMs({ minMs, maxMs }: BackOff, failures: number, random: Random): number {
  const most = Math.min(maxMs, minMs * 2 ** Math.min(failures - 1, 30))
  return most * (0.5 + random.next() / 2)
}

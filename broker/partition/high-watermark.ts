// How far the log of a leader is safe: pure, so that replication changes what goes in, not how it is decided.

/**
 * The high watermark: what every member of the ISR has (R1, R3). It never goes back.
 *
 *     leader     |==========|=====| 120
 *     follower   |==========| 100         ISR of both: 100
 */
export function highWatermark(current: number, isrEndOffsets: readonly number[]): number {
  let lowest = Number.POSITIVE_INFINITY
  for (const endOffset of isrEndOffsets) lowest = Math.min(lowest, endOffset)
  return Number.isFinite(lowest) ? Math.max(current, lowest) : current
}

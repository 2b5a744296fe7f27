// How many of the oldest segments have had their time: a pure decision.
import type { SegmentContent } from './segment.ts'

export interface RetentionLimits {
  /** Infinity: no limit. */
  readonly retentionMs: number
  readonly retentionBytes: number
  /** Records below are deleted already. */
  readonly startOffset: number
  /** Nothing at or above is deleted: it is not replicated yet. */
  readonly limitOffset: number
}

type Candidate = Pick<SegmentContent, 'endOffset' | 'bytes'> & { readonly ageFromMs: number }

/**
 * Counts from the oldest: a segment goes when it lies below the start offset, when its newest record is older than the time limit, or
 * when what is left without it still reaches the size limit. The first that stays keeps all behind it. The last segment is counted
 * when only time says so: the caller closes it first.
 */
export function expiredSegments(segments: readonly Candidate[], limits: RetentionLimits, nowMs: number): number {
  let bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0)
  let count = 0
  for (const segment of segments) {
    const isLast = count === segments.length - 1
    if (segment.endOffset > limits.limitOffset || (isLast && segment.bytes === 0)) break
    const isOld = nowMs - segment.ageFromMs > limits.retentionMs
    const isTooMuch = bytes - segment.bytes >= limits.retentionBytes
    const isBelowStart = segment.endOffset <= limits.startOffset
    if (!isOld && (isLast || (!isTooMuch && !isBelowStart))) break
    bytes -= segment.bytes
    count++
  }
  return count
}

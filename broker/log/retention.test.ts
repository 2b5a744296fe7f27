import { describe, expect, test } from 'vitest'
import { expiredSegments, type RetentionLimits } from './retention.ts'

const never = Number.POSITIVE_INFINITY
/** Five segments of 10 offsets and 100 bytes; the newest records of each are 50, 40, 30, 20 and 10 ms old. */
const nowMs = 1000
const segments = [50, 40, 30, 20, 10].map((ageMs, at) => ({
  endOffset: at * 10 + 10,
  bytes: 100,
  ageFromMs: nowMs - ageMs,
}))
const keep: RetentionLimits = { retentionMs: never, retentionBytes: never, startOffset: 0, limitOffset: 50 }

describe('how many segments go', () => {
  test.each<[string, Partial<RetentionLimits>, number]>([
    ['no limits', {}, 0],
    ['older than 35 ms', { retentionMs: 35 }, 2],
    ['just as old as allowed', { retentionMs: 40 }, 1],
    ['all too old: the last one as well', { retentionMs: 5 }, 5],
    ['no time at all', { retentionMs: 0 }, 5],
    ['more than 300 bytes', { retentionBytes: 300 }, 2],
    ['not so much more that a whole segment can go', { retentionBytes: 301 }, 1],
    ['no bytes at all: but the last segment is not closed for size', { retentionBytes: 0 }, 4],
    ['below the start offset', { startOffset: 20 }, 2],
    ['a start offset within a segment keeps it', { startOffset: 19 }, 1],
    ['a start offset at the end keeps the last one', { startOffset: 50 }, 4],
    ['old, but above the high watermark', { retentionMs: 5, limitOffset: 29 }, 2],
    ['time and size together', { retentionMs: 45, retentionBytes: 200 }, 3],
  ])('%s', (_, limits, count) => {
    expect(expiredSegments(segments, { ...keep, ...limits }, nowMs)).toBe(count)
  })

  test('an old segment behind one that stays, stays: offsets have no gaps', () => {
    const ages = [10, 50, 50].map((ageMs, at) => ({ endOffset: at * 10 + 10, bytes: 100, ageFromMs: nowMs - ageMs }))
    expect(expiredSegments(ages, { ...keep, retentionMs: 20 }, nowMs)).toBe(0)
  })

  test('an empty last segment is not replaced by another', () => {
    expect(expiredSegments([{ endOffset: 0, bytes: 0, ageFromMs: -1 }], { ...keep, retentionMs: 0 }, nowMs)).toBe(0)
  })
})

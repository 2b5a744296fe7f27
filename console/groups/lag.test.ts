import { expect, test } from 'vitest'
import { isSameAssignment, paceOf, rangesOf, type Sample, sampleOf, totalLag, withSample } from './lag.ts'

const at = (committed: number, lag: number | null) => ({ topic: 't', partition: 0, committed, end: null, lag })

test('a lag that is not wholly known is no number', () => {
  expect(totalLag([])).toBeUndefined()
  expect(totalLag([at(5, 2), at(7, 3)])).toBe(5)
  expect(totalLag([at(5, 2), at(7, null)])).toBeNull()
  expect(sampleOf({ offsets: [at(5, 2), at(7, null)] }, 1)).toBeUndefined()
  expect(sampleOf({ offsets: [at(5, 2), at(7, 3)] }, 1)).toEqual({ atMs: 1, lag: 5, committed: 12 })
})

test('samples are bounded, and none is older than the one before', () => {
  let samples: readonly Sample[] = []
  for (let atMs = 1; atMs <= 1_000; atMs++) samples = withSample(samples, { atMs, lag: 0, committed: 0 })
  expect(samples).toHaveLength(400)
  expect(samples.at(-1)?.atMs).toBe(1_000)
  expect(withSample(samples, { atMs: 1_000, lag: 9, committed: 0 })).toBe(samples)
})

/** A sample each second. */
const line = (...values: readonly [committed: number, lag: number][]) =>
  values.map(([committed, lag], second) => ({ atMs: second * 1_000, lag, committed }))

test.each([
  ['too short to tell', line([0, 10], [5, 5]), { kind: 'unknown' }],
  ['nothing at all', [], { kind: 'unknown' }],
  [
    'at the end, nothing comes',
    line([9, 0], [9, 0], [9, 0], [9, 0]),
    { kind: 'done', commits: 0, arrives: 0, etaMs: 0 },
  ],
  [
    'a few in hand',
    line([0, 10], [10, 10], [20, 10], [30, 12]),
    { kind: 'done', commits: 10, arrives: expect.closeTo(10.67), etaMs: 0 },
  ],
  [
    'it catches up',
    line([0, 400], [100, 300], [200, 200], [300, 100]),
    { kind: 'shrinking', commits: 100, arrives: 0, etaMs: 1_000 },
  ],
  [
    'more comes than goes',
    line([0, 100], [10, 200], [20, 300], [30, 400]),
    { kind: 'growing', commits: 10, arrives: 110, etaMs: null },
  ],
  ['it stands', line([5, 90], [5, 90], [5, 90], [5, 90]), { kind: 'still', commits: 0, arrives: 0, etaMs: null }],
  ['offsets were set back', line([500, 0], [500, 0], [0, 500], [0, 500]), { kind: 'still', commits: 0, arrives: 0 }],
])('%s', (_, samples, pace) => {
  expect(paceOf(samples)).toMatchObject(pace)
})

test('only the last 30 seconds count', () => {
  const before = Array.from({ length: 60 }, (_, second) => ({
    atMs: second * 1_000,
    lag: 900,
    committed: second * 100,
  }))
  const after = Array.from({ length: 32 }, (_, second) => ({ atMs: (60 + second) * 1_000, lag: 900, committed: 6_000 }))
  expect(paceOf([...before, ...after]).kind).toBe('still')
})

test.each([
  [[], ''],
  [[3], '3'],
  [[2, 0, 1], '0-2'],
  [[5, 0, 1, 2, 7, 8], '0-2, 5, 7-8'],
])('%j are %s', (partitions, text) => expect(rangesOf(partitions)).toBe(text))

test('assignments are compared by what they name', () => {
  const some = [
    { topicId: 'a', partitions: [1, 0] },
    { topicId: 'b', partitions: [] },
  ]
  expect(isSameAssignment(some, [{ topicId: 'a', partitions: [0, 1] }])).toBe(true)
  expect(isSameAssignment(some, [{ topicId: 'a', partitions: [0] }])).toBe(false)
  expect(isSameAssignment([], [])).toBe(true)
})

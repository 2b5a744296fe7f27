import { expect, test } from 'vitest'
import { AckTimes, longestGapMs, quantile } from './pauses.ts'

const cases: { name: string; times: number[]; gap: number }[] = [
  { name: 'steady', times: [90, 100, 110, 120, 130, 200], gap: 70 },
  { name: 'a pause that began before the span', times: [50, 150, 160, 190, 200], gap: 100 },
  { name: 'a pause before it is none of it', times: [10, 95, 100, 140, 180, 200], gap: 40 },
  { name: 'a pause that does not end counts up to the end', times: [90, 110], gap: 90 },
  { name: 'what comes after the span shortens nothing', times: [90, 110, 500], gap: 90 },
  { name: 'nothing was acknowledged at all', times: [], gap: 100 },
]

test.each(cases)('$name', ({ times, gap }) => {
  expect(longestGapMs(times, 100, 200)).toBe(gap)
})

test('of one partition among others; what is forgotten leaves the last one', () => {
  const acks = new AckTimes()
  for (const atMs of [90, 120, 200]) acks.note('a', atMs)
  acks.note('b', 100)
  expect(acks.pauseMs('a', 100, 200)).toBe(80)
  acks.dropBefore(150)
  expect(acks.pauseMs('a', 100, 200)).toBe(100)
  expect(acks.last('b')).toBe(100)
  expect(acks.last('c')).toBe(0)
})

test('quantiles', () => {
  expect([quantile([3, 1, 2], 0.5), quantile([1, 2, 3, 4], 0.5), quantile([1, 2, 3], 1)]).toEqual([2, 2, 3])
})

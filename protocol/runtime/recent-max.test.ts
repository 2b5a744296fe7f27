import { expect, test } from 'vitest'
import { RecentMax } from './recent-max.ts'

test('the largest of the last minute counts, older ones are forgotten', () => {
  const recent = new RecentMax()
  expect(recent.largest(0)).toBe(0)
  recent.note(7, 1_000)
  recent.note(3, 5_000)
  recent.note(5, 31_000)
  expect(recent.largest(59_000)).toBe(7)
  expect(recent.largest(61_000)).toBe(5)
  expect(recent.largest(95_000)).toBe(0)
  recent.note(2, 10_000_000)
  expect([recent.largest(10_000_000), recent.largest(20_000_000)]).toEqual([2, 0])
})

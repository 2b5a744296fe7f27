import { expect, test } from 'vitest'
import { pointsOf } from './line.ts'

test('time runs to the right, more is higher, and 0 is the foot', () => {
  const points = [
    { atMs: 1_000, value: 0 },
    { atMs: 2_000, value: 50 },
    { atMs: 5_000, value: 100 },
  ]
  expect(pointsOf(points, 100, 44)).toBe('0,42 25,22 100,2')
})

test('a line of nothing lies on the foot', () => {
  expect(
    pointsOf(
      [
        { atMs: 1, value: 0 },
        { atMs: 2, value: 0 },
      ],
      10,
      10,
    ),
  ).toBe('0,8 10,8')
})

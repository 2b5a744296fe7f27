import { expect, test } from 'vitest'
import { highWatermark } from './high-watermark.ts'

test.each<[string, number, number[], number]>([
  ['alone: what it has itself', 5, [9], 9],
  ['the slowest member of the ISR decides', 5, [9, 7, 8], 7],
  ['it never goes back', 8, [9, 7], 8],
  ['an ISR without members holds it', 5, [], 5],
])('%s', (_, current, ends, expected) => {
  expect(highWatermark(current, ends)).toBe(expected)
})

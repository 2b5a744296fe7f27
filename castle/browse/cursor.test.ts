import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cursorOf, type Position, partitionsMax, readCursor, readFrom } from './cursor.ts'

const topicId = '11111111-1111-4111-8111-111111111111'
const topic = { topicId, name: 'orders' }

test('a cursor is read as it was written, and fits into a URL', () => {
  const position: fc.Arbitrary<Position> = fc.oneof(
    fc.maxSafeNat(),
    fc.constant('earliest' as const),
    fc.constant('latest' as const),
    fc.record({ timeMs: fc.nat(4_000_000_000_000) }),
  )
  const entries = fc.uniqueArray(fc.tuple(fc.nat(9_999), position), {
    selector: ([partition]) => partition,
    minLength: 1,
    maxLength: partitionsMax,
  })
  fc.assert(
    fc.property(entries, (given) => {
      const text = cursorOf(topicId, new Map(given))
      expect(text.length).toBeLessThan(8_000)
      expect(encodeURIComponent(text)).toBe(text)
      expect([...readCursor(text, topic)]).toEqual(given)
    }),
  )
})

test.each([
  '',
  '1',
  '2_x_0.1',
  `1_${topicId}`,
  `1_${topicId}_0`,
  `1_${topicId}_0.-1`,
  `1_${topicId}_0.x`,
  `1_${topicId}_0.99999999999999999`,
  `1_22222222-1111-4111-8111-111111111111_0.1`,
  `1_${topicId}${'_0.1'.repeat(257)}`,
])('refused: %s', (text) => {
  expect(() => readCursor(text, topic)).toThrow(expect.objectContaining({ code: 'CURSOR_WRONG' }))
})

test.each([
  ['earliest', 'earliest'],
  ['latest', 'latest'],
  ['120', 120],
  ['2026', 2026],
  ['2026-01-31T12:00:00Z', { timeMs: 1_769_860_800_000 }],
])('from=%s', (text, position) => expect(readFrom(text)).toEqual(position))

test.each(['', 'soon', '-1', '1.5', '2026-13-01T00:00:00Z', '99999999999999999999'])('from=%s is refused', (text) => {
  expect(() => readFrom(text)).toThrow(expect.objectContaining({ code: 'REQUEST_WRONG' }))
})

import { expect, test } from 'vitest'
import { instantOf, wallText } from './zoned.ts'

test.each([
  ['2026-03-01T00:05:09Z', 'utc', '2026-03-01T00:05:09'],
  ['2026-02-28T16:00:00Z', 'Asia/Shanghai', '2026-03-01T00:00:00'],
  ['2026-07-01T10:00:00Z', 'Europe/Berlin', '2026-07-01T12:00:00'],
  ['2026-01-01T03:45:00Z', 'Asia/Kathmandu', '2026-01-01T09:30:00'],
])('%s in %s is %s, and back', (instant, zone, text) => {
  expect(wallText(Date.parse(instant), zone)).toBe(text)
  expect(instantOf(text, zone)).toBe(Date.parse(instant))
})

test('an hour that is twice means its first, one that is left out the hour after', () => {
  expect(instantOf('2026-10-25T02:30:00', 'Europe/Berlin')).toBe(Date.parse('2026-10-25T00:30:00Z'))
  expect(instantOf('2026-03-29T02:30:00', 'Europe/Berlin')).toBe(Date.parse('2026-03-29T01:30:00Z'))
})

test.each([[''], ['yesterday'], ['2026-13-01T00:00'], ['2026-03-01']])('%j is no time', (text) => {
  expect(instantOf(text, 'utc')).toBeUndefined()
})

test('local time is the machine’s', () => {
  const atMs = Date.UTC(2026, 5, 1, 12)
  expect(instantOf(wallText(atMs, 'local'), 'local')).toBe(atMs)
})

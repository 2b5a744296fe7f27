import { expect, test } from 'vitest'
import { endOf, startOf } from './when.ts'

const nowMs = Date.parse('2026-03-01T12:00:00Z')

test.each([
  ['earliest', { kind: 'earliest' }],
  ['latest', { kind: 'latest' }],
  ['0', { kind: 'offset', offset: 0 }],
  ['1200', { kind: 'offset', offset: 1_200 }],
  ['-15m', { kind: 'time', ms: nowMs - 900_000 }],
  ['-30s', { kind: 'time', ms: nowMs - 30_000 }],
  ['-2h', { kind: 'time', ms: nowMs - 7_200_000 }],
  ['-1d', { kind: 'time', ms: nowMs - 86_400_000 }],
  ['2026-01-01T00:00Z', { kind: 'time', ms: Date.parse('2026-01-01T00:00:00Z') }],
  ['2026-01-01T00:00', { kind: 'time', ms: Date.parse('2026-01-01T00:00:00Z') }],
  ['2026-01-01', { kind: 'time', ms: Date.parse('2026-01-01T00:00:00Z') }],
  ['2026-01-01T08:00:00.5+08:00', { kind: 'time', ms: Date.parse('2026-01-01T00:00:00.5Z') }],
  ['-999999999d', { kind: 'time', ms: 0 }],
])('from %s', (text, place) => {
  expect(startOf(text, nowMs)).toEqual(place)
})

test.each([
  '',
  'yesterday',
  '-15',
  '15m',
  '-15w',
  '1.5',
  '-1',
  '2026-13-01',
  '2026-02-30',
  '2026-01-01T25:00Z',
  '99999999999999999',
  'Jan 1 2026',
])('from %j is refused with what would be right', (text) => {
  expect(() => startOf(text, nowMs)).toThrow(
    `--from is '${text}', but must be earliest, latest, an offset such as 1200`,
  )
})

test('until the end, or a time', () => {
  expect(endOf('end', nowMs)).toBe('end')
  expect(endOf('-1h', nowMs)).toEqual({ ms: nowMs - 3_600_000 })
  expect(() => endOf('1200', nowMs)).toThrow("--until is '1200', but must be end, a time")
})

import { expect, test } from 'vitest'
import { askedOf, placeText, readPlace, readStart } from './range.ts'

const nowMs = Date.UTC(2026, 0, 2)

test.each([
  ['', 'latest'],
  ['latest', 'latest'],
  ['earliest', 'earliest'],
  ['0', '0'],
  ['1200', '1200'],
  ['2026-01-01T08:00:00+08:00', '2026-01-01T00:00:00.000Z'],
  ['-15m', '2026-01-01T23:45:00.000Z'],
  ['-24h', '2026-01-01T00:00:00.000Z'],
  ['-3y', 'latest'],
  ['toString', 'latest'],
  ['2026-01-01Tnoon', 'latest'],
])('from=%s asks for %s', (text, asked) => expect(askedOf(readStart(text), nowMs)).toBe(asked))

test.each([
  ['3@1200', { partition: 3, offset: 1200 }],
  ['0@0', { partition: 0, offset: 0 }],
  ['3@', undefined],
  ['3', undefined],
  ['3@-1', undefined],
  ['3@9999999999999999', undefined],
])('message=%s', (text, place) => {
  expect(readPlace(text)).toEqual(place)
  if (place !== undefined) expect(placeText(place)).toBe(text)
})

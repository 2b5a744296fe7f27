import { expect, test } from 'vitest'
import { ageText, bytesText, counted, timeText } from './units.ts'

test.each([
  [0, '0 B'],
  [1_023, '1023 B'],
  [1_024, '1 KiB'],
  [1_536, '1.5 KiB'],
  [150 * 1_024, '150 KiB'],
  [2 ** 30, '1 GiB'],
  [2 ** 45, '32 TiB'],
])('%i bytes are %s', (bytes, text) => {
  expect(bytesText(bytes)).toBe(text)
})

test.each([
  [-5, '0 ms'],
  [999, '999 ms'],
  [119_000, '119 s'],
  [120_000, '2 min'],
  [7_200_000, '2 h'],
  [172_800_000, '2 d'],
])('%i ms are %s', (ms, text) => {
  expect(ageText(ms)).toBe(text)
})

test('a count with its noun', () => {
  expect([counted(0, 'message'), counted(1, 'message'), counted(12_345, 'message')]).toEqual([
    '0 messages',
    '1 message',
    '12,345 messages',
  ])
})

test('a producer may write any number as a time', () => {
  expect([timeText(-1), timeText(0), timeText(8.64e15 + 1)]).toEqual([
    null,
    '1970-01-01T00:00:00.000Z',
    '8640000000000001',
  ])
})

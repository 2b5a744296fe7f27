import { expect, test } from 'vitest'
import { makeFormats } from './formats.ts'

const en = makeFormats('en', 'utc')
const zh = makeFormats('zh-CN', 'utc')

test('counts are grouped, offsets are not', () => {
  expect(en.count(1_234_567)).toBe('1,234,567')
  expect(en.id(9_007_199_254_740_991)).toBe('9007199254740991')
  expect(en.id('900719925474099100')).toBe('900719925474099100')
})

test('a version is its Castle epoch and its change', () => {
  expect(en.version(2 ** 32 + 14)).toBe('1.14')
  expect(en.version(7)).toBe('0.7')
})

test.each([
  [0, '0 B'],
  [1_023, '1,023 B'],
  [1_024, '1 KiB'],
  [1_536, '1.5 KiB'],
  [5 * 1024 ** 2, '5 MiB'],
  [3 * 1024 ** 5, '3,072 TiB'],
])('%i bytes are %s', (value, text) => expect(en.bytes(value)).toBe(text))

test.each([
  [0.4, '0.4 ms'],
  [38.4, '38 ms'],
  [400, '400 ms'],
  [1_234, '1.2 s'],
  [90_000, '1.5 min'],
  [2 * 3_600_000, '2 h'],
  [36 * 3_600_000, '1.5 d'],
])('%f ms last %s', (ms, text) => expect(en.duration(ms)).toBe(text))

test.each([
  [-50, 'now', '刚刚'],
  [900, 'now', '刚刚'],
  [59_999, '59 s ago', '59 秒前'],
  [3_599_000, '59 min ago', '59 分钟前'],
  [86_399_000, '23 h ago', '23 小时前'],
  [3 * 86_400_000, '3 d ago', '3 天前'],
])('%i ms ago', (ms, english, chinese) => {
  expect(en.age(ms)).toBe(english)
  expect(zh.age(ms)).toBe(chinese)
})

test('midnight is 00, in every zone and language', () => {
  expect(en.time('2026-03-01T00:05:09Z')).toBe('2026-03-01 00:05:09 UTC')
  expect(zh.time('2026-03-01T00:05:09Z')).toBe('2026-03-01 00:05:09 UTC')
  expect(en.exactTime('2026-03-01T00:05:09.07Z')).toBe('2026-03-01 00:05:09.070 UTC')
  expect(en.clock('2026-03-01T00:05:09Z')).toBe('00:05:09')
  expect(makeFormats('en', 'Asia/Shanghai').time('2026-02-28T16:00:00Z')).toBe('2026-03-01 00:00:00 Asia/Shanghai')
})

import { expect, test } from 'vitest'
import { bytesOf, hexDump, previewOf, readHeaders, visible } from './bytes.ts'

test('a dump has offset, bytes and characters', () => {
  expect(hexDump(new TextEncoder().encode('Hello, 世界! 0123'))).toBe(
    [
      '00000000  48 65 6c 6c 6f 2c 20 e4  b8 96 e7 95 8c 21 20 30  Hello, ......! 0',
      '00000010  31 32 33                                          123',
    ].join('\n'),
  )
  expect(hexDump(new Uint8Array())).toBe('')
})

test('text and base64 are the same bytes', () => {
  expect(bytesOf({ base64: '/wBB' })).toEqual(Uint8Array.of(0xff, 0, 0x41))
  expect(bytesOf({ text: 'é' })).toEqual(Uint8Array.of(0xc3, 0xa9))
})

test.each([
  [null, ''],
  [{ text: '{\n  "a": 1\n}' }, '{ "a": 1 }'],
  [{ base64: '/wBB' }, 'ff 00 41'],
  [{ text: 'txt.\u202egnp' }, 'txt.⟨U+202E⟩gnp'],
])('%j in one line', (view, line) => expect(previewOf(view)).toBe(line))

test('a preview is short', () => {
  expect(previewOf({ text: 'x'.repeat(10_000) })).toHaveLength(300)
  expect(previewOf({ base64: 'AAAA'.repeat(10_000) }).length).toBeLessThan(300)
})

test.each([
  ['', [], undefined],
  [
    'a: 1\n\n b:c:d ',
    [
      { name: 'a', value: '1' },
      { name: 'b', value: 'c:d' },
    ],
    undefined,
  ],
  ['a:', [{ name: 'a', value: '' }], undefined],
  ['a: 1\nnothing', [{ name: 'a', value: '1' }], 'nothing'],
  [': 1', [], ': 1'],
])('headers %j', (text, headers, wrong) => expect(readHeaders(text)).toEqual({ headers, wrong }))

test('what nobody would see is written out, the rest stays', () => {
  expect(visible('a\u0000\u009b\u2066b')).toBe('a⟨U+0000⟩⟨U+009B⟩⟨U+2066⟩b')
  expect(visible('行 1\n\t\r👨‍👩‍👧 é')).toBe('行 1\n\t\r👨‍👩‍👧 é')
})

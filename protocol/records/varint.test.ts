import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RecordError } from './index.ts'
import { putVarint, putVarlong, VarintReader, varintBytes, varlongBytes } from './varint.ts'

const int32 = fc.oneof(
  fc.integer(),
  fc.constantFrom(0, -1, 63, 64, -64, -65, 8191, 8192, 2 ** 20 - 1, 2 ** 20, 2 ** 27, 2 ** 31 - 1, -(2 ** 31)),
)
const int52 = fc.oneof(int32, fc.integer({ min: -(2 ** 52), max: 2 ** 52 - 1 }))

test('a 32-bit number takes as many bytes as said, and comes back', () => {
  fc.assert(
    fc.property(int32, (value) => {
      const bytes = new Uint8Array(6)
      const end = putVarint(bytes, 1, value)
      expect(end - 1).toBe(varintBytes(value))
      const reader = new VarintReader(bytes, 1, end)
      expect(reader.varint()).toBe(value)
      expect(reader.at).toBe(end)
    }),
  )
})

test('a larger number too', () => {
  fc.assert(
    fc.property(int52, (value) => {
      const bytes = new Uint8Array(12)
      const end = putVarlong(bytes, 1, value)
      expect(end - 1).toBe(varlongBytes(value))
      const reader = new VarintReader(bytes, 1, end)
      expect(reader.varlong()).toBe(value)
      expect(reader.at).toBe(end)
    }),
  )
})

test.each<[string, number[]]>([
  ['no byte', []],
  ['a first byte that promises a second', [0x80]],
  ['33 bits', [0xff, 0xff, 0xff, 0xff, 0x1f]],
  ['six bytes', [0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
])('a 32-bit number is not read from %s', (_, bytes) => {
  expect(() => new VarintReader(Uint8Array.from(bytes), 0, bytes.length).varint()).toThrow(RecordError)
})

test.each<[string, number[]]>([
  ['no byte', []],
  ['54 bits', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f]],
  ['ten bytes', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
])('a 64-bit number is not read from %s', (_, bytes) => {
  expect(() => new VarintReader(Uint8Array.from(bytes), 0, bytes.length).varlong()).toThrow(RecordError)
})

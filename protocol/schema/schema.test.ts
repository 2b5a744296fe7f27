import { describe, expect, it } from 'vitest'
import {
  api,
  array,
  boolean,
  bytes,
  type Fields,
  float64,
  int8,
  int16,
  int32,
  int64,
  nullableArray,
  nullableBytes,
  nullableString,
  nullableStruct,
  ProtocolError,
  Reader,
  records,
  string,
  struct,
  uint16,
  uint32,
  uuid,
  Writer,
} from './index.ts'

const of = (fields: Fields, flexible = 1) =>
  api(1_000, 'Test', { versions: [0, 9], flexible, request: fields, response: {} }).request

function written(fields: Fields, version: number, value: object): string {
  const writer = new Writer()
  of(fields).encode(writer, version, value as never)
  return Buffer.concat(writer.chunks()).toString('hex')
}

const read = (fields: Fields, version: number, hex: string) =>
  of(fields).decode(new Reader(Buffer.from(hex.replaceAll(' ', ''), 'hex')), version)

const id = '00112233-4455-6677-8899-aabbccddeeff'

// Version 0 is plain, version 1 flexible: each with the tag count 00 at its end.
describe.each([
  ['boolean', boolean, true, '01', '01'],
  ['int8', int8, -2, 'fe', 'fe'],
  ['int16', int16, -2, 'fffe', 'fffe'],
  ['uint16', uint16, 65_534, 'fffe', 'fffe'],
  ['int32', int32, -2, 'fffffffe', 'fffffffe'],
  ['uint32', uint32, 4_294_967_294, 'fffffffe', 'fffffffe'],
  ['int64', int64, -2, 'fffffffffffffffe', 'fffffffffffffffe'],
  ['int64, large', int64, 2 ** 52 + 3, '0010000000000003', '0010000000000003'],
  ['int64, the largest', int64, Number.MAX_SAFE_INTEGER, '7fffffffffffffff', '7fffffffffffffff'],
  ['int64, the smallest', int64, Number.MIN_SAFE_INTEGER, 'ffe0000000000001', 'ffe0000000000001'],
  ['float64', float64, 1.5, '3ff8000000000000', '3ff8000000000000'],
  ['uuid', uuid, id, '00112233445566778899aabbccddeeff', '00112233445566778899aabbccddeeff'],
  ['string', string, 'hé', '000368c3a9', '0468c3a9'],
  ['string, empty', string, '', '0000', '01'],
  ['string, null', nullableString, null, 'ffff', '00'],
  ['bytes', bytes, Buffer.from('abc'), '00000003616263', '04616263'],
  ['bytes, null', nullableBytes, null, 'ffffffff', '00'],
  ['records', records, Buffer.from('abc'), '00000003616263', '04616263'],
  ['records, null', records, null, 'ffffffff', '00'],
  ['array', array(int16), [1, 2], '0000000200010002', '0300010002'],
  ['array, null', nullableArray(int16), null, 'ffffffff', '00'],
  ['array of objects', array({ a: int8 }), [{ a: 1 }], '0000000101', '02 01 00'],
  ['struct', struct({ a: int8 }), { a: 1 }, '01', '01 00'],
  ['struct that may be null', nullableStruct({ a: int8 }), { a: 1 }, '0101', '01 01 00'],
  ['struct that is null', nullableStruct({ a: int8 }), null, 'ff', 'ff'],
] as const)('%s', (_, field, value, plain, flexible) => {
  it.each([
    [0, plain],
    [1, `${flexible} 00`],
  ])('at version %i', (version, hex) => {
    const bytes = hex.replaceAll(' ', '')
    expect(written({ x: field }, version, { x: value })).toBe(bytes)
    expect(read({ x: field }, version, bytes)).toEqual({ x: value })
  })
})

describe('versions', () => {
  const fields = { a: int8, b: int16.since(2, 7), c: string.until(3, 'gone'), d: string.nullableSince(4) }

  it.each([
    [0, '01 0001 63 0001 64', { a: 1, b: 7, c: 'c', d: 'd' }],
    [2, '01 0002 02 63 02 64 00', { a: 1, b: 2, c: 'c', d: 'd' }],
    [4, '01 0002 02 64 00', { a: 1, b: 2, c: 'gone', d: 'd' }],
  ])('%i has its own fields, and all of them in the object', (version, hex, value) => {
    expect(read(fields, version, hex)).toEqual(value)
    expect(written(fields, version, { a: 1, b: 2, c: 'c', d: 'd' })).toBe(hex.replaceAll(' ', ''))
  })

  it('decide what may be null', () => {
    expect(read(fields, 4, '01 0002 00 00')).toMatchObject({ d: null })
    expect(() => read(fields, 2, '01 0002 02 63 00 00')).toThrow(expect.objectContaining({ code: 'NULL' }))
    expect(() => written(fields, 2, { a: 1, d: null })).toThrow('Test request v2: d is missing')
    expect(written(fields, 4, { a: 1, d: null })).toBe('0100070000')
  })

  it.each([-1, 10, 1.5])('%f is not among those of the schema', (version) => {
    expect(() => read(fields, version, '00')).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_VERSION' }))
    expect(() => written(fields, version, {})).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_VERSION' }))
  })
})

describe('tagged fields', () => {
  const fields = {
    a: int8,
    x: int32.tagged(0, 2, -1),
    y: array(string).tagged(2, 1, []),
    z: struct({ n: int8 }).tagged(3, 1, null),
  }

  it('are written when they differ from their default', () => {
    expect(written(fields, 2, { a: 1 })).toBe('0100')
    expect(written(fields, 2, { a: 1, x: -1, y: [], z: null })).toBe('0100')
    expect(written(fields, 2, { a: 1, z: { n: 5 }, x: 9 })).toBe('0102000400000009' + '03020500')
    expect(written(fields, 1, { a: 1, x: 9 })).toBe('0100')
  })

  it('are read, and the unknown ones skipped', () => {
    expect(read(fields, 2, '01 03 00 04 00000009 01 02 ffff 02 03 02 02 71')).toEqual({ a: 1, x: 9, y: ['q'], z: null })
    expect(read(fields, 1, '01 01 00 04 00000009')).toMatchObject({ x: -1 })
    expect(read({ a: int8 }, 1, '01 02 05 00 07 01 ff')).toEqual({ a: 1 })
  })

  it('have their length before them, whatever bytes it takes itself', () => {
    const lengths = [0, 2 ** 7, 2 ** 14]
      .flatMap((size) => Array.from({ length: 12 }, (_, i) => size + i - 8))
      .filter((length) => length > 0)
    const text = { a: int8, x: string.tagged(0, 1, '') }
    for (const length of lengths) {
      const message = { a: 1, x: 'x'.repeat(length) }
      expect(read(text, 1, written(text, 1, message))).toEqual(message)
    }
  })

  it.each([64, 127, 128, 16_384, 40_000])('can be long: %i strings', (count) => {
    const y = Array.from({ length: count }, (_, i) => `${i}`)
    expect(read(fields, 2, written(fields, 2, { a: 1, y, z: { n: 1 } }))).toEqual({ a: 1, x: -1, y, z: { n: 1 } })
  })

  it.each([
    ['out of order', '01 02 02 01 01 00 04 00000009', 'BAD_TAG'],
    ['twice', '01 02 00 04 00000009 00 04 00000009', 'BAD_TAG'],
    ['unknown and out of order', '01 02 09 00 08 00', 'BAD_TAG'],
    ['more than there are bytes', '01 05 00 04', 'BAD_TAG'],
    ['longer than the message', '01 01 00 7f 00000009', 'BAD_TAG'],
    ['longer than their value', '01 01 00 05 0000000900', 'BAD_TAG'],
    ['shorter than their value', '01 01 00 03 00000900', 'TRUNCATED'],
  ])('are refused when they are %s', (_, hex, code) => {
    expect(() => read(fields, 2, hex)).toThrow(expect.objectContaining({ code }))
  })

  it('cannot hold bytes, or come before the flexible versions: a schema says so at once', () => {
    expect(() => written({ x: nullableBytes.tagged(0, 1, null) }, 1, {})).toThrow('byte fields cannot be tagged')
    expect(() => written({ x: int8.tagged(0, 0, 1) }, 0, {})).toThrow('before the flexible versions')
    expect(() => written({ 'x);': int8 }, 0, {})).toThrow('cannot be named')
  })
})

describe('what is refused, with a ProtocolError', () => {
  it.each([
    ['an end inside a number', { x: int32 }, 0, '000000', 'TRUNCATED'],
    ['an end inside a string', { x: string }, 0, '0005 6162', 'TRUNCATED'],
    ['a negative string', { x: string }, 0, 'fffe', 'BAD_LENGTH'],
    ['null for a string', { x: string }, 0, 'ffff', 'NULL'],
    ['a string above 32,767 bytes', { x: string }, 1, `8180 02 ${'00'.repeat(40_000)}`, 'BAD_LENGTH'],
    ['null for bytes', { x: bytes }, 1, '00', 'NULL'],
    ['negative bytes', { x: bytes }, 0, 'fffffff0', 'BAD_LENGTH'],
    ['more elements than the rest can hold', { x: array(int64) }, 0, `00000003 ${'00'.repeat(23)}`, 'BAD_LENGTH'],
    ['a negative count', { x: nullableArray(int64) }, 0, 'fffffffe', 'BAD_LENGTH'],
    ['null for an array', { x: array(int64) }, 0, 'ffffffff', 'NULL'],
    ['a varint of 33 bits', { x: array(int8) }, 1, 'ffffffff1f', 'BAD_VARINT'],
    ['a varint of six bytes', { x: array(int8) }, 1, '808080808000', 'BAD_VARINT'],
    ['an int64 above 2^53', { x: int64 }, 0, '0020000000000000', 'OUT_OF_RANGE'],
    ['an int64 below -2^53', { x: int64 }, 0, 'ffdfffffffffffff', 'OUT_OF_RANGE'],
    ['a struct that is neither there nor not', { x: nullableStruct({ a: int8 }) }, 0, '02', 'BAD_LENGTH'],
  ] as const)('%s', (_, fields, version, hex, code) => {
    expect(() => read(fields, version, hex)).toThrow(expect.objectContaining({ name: 'ProtocolError', code }))
  })

  it.each([
    ['int8', int8, 128],
    ['int16', int16, 32_768],
    ['uint16', uint16, -1],
    ['int32', int32, 2 ** 31],
    ['uint32', uint32, 2 ** 32],
    ['int64', int64, 2 ** 53],
    ['a fraction', int32, 0.5],
    ['not a number', int64, Number.NaN],
    ['a short uuid', uuid, '0011'],
    ['a uuid with a wrong digit', uuid, id.replace('f', 'g')],
    ['a uuid with a wrong dash', uuid, id.replace('-', '.')],
    ['a string above 32,767 bytes', string, 'é'.repeat(16_384)],
    ['null in an array', array(string), [null]],
    ['a number for a string', string, 5],
    ['a number for bytes', bytes, 5],
  ] as const)('encoding %s, and the next message is none the worse', (_, field, value) => {
    for (const version of [0, 1]) expect(() => written({ x: field }, version, { x: value })).toThrow(ProtocolError)
    expect(written({ x: string }, 1, { x: 'hé' })).toBe('0468c3a900')
  })

  it('names the field that was forgotten', () => {
    const fields = {
      topics: array({ name: string, partitions: array({ index: int32, note: nullableString.default(null) }) }),
    }
    const topics = [{ name: 'a', partitions: [{ index: 0 }, {}] }]
    expect(() => written(fields, 1, { topics })).toThrow('Test request v1: topics[0].partitions[1].index is missing')
    expect(() => written(fields, 1, {})).toThrow('topics is missing')
  })
})

describe('a writer', () => {
  it('hands out large byte fields as they are, and copies small ones', () => {
    const large = new Uint8Array(4_096)
    const small = new Uint8Array(4_095)
    const writer = new Writer()
    of({ a: bytes, b: bytes, c: int8 }).encode(writer, 0, { a: large, b: small, c: 1 })
    const chunks = writer.chunks()
    expect(chunks.map((chunk) => chunk.length)).toEqual([4, 4_096, 4 + 4_095 + 1])
    expect(chunks[1]).toBe(large)
  })

  it('does not disturb others, before or after it is done', () => {
    const first = new Writer()
    first.int32(1)
    const second = new Writer()
    second.int32(2)
    first.int32(3)
    const chunks = [...first.chunks(), ...second.chunks()]
    const third = new Writer()
    third.int32(4)
    for (let i = 0; i < 50_000; i++) third.int32(i)
    expect(Buffer.concat(chunks).toString('hex')).toBe('000000010000000300000002')
    expect(Buffer.concat(third.chunks()).readInt32BE(200_000)).toBe(49_999)
  })

  it('writes texts of every length, wherever its block ends', () => {
    for (let length = 0; length < 200; length++) {
      for (const letter of ['a', 'é', '日', '😀']) {
        const x = letter.repeat(length)
        for (const version of [0, 1])
          expect(read({ x: string }, version, written({ x: string }, version, { x }))).toEqual({ x })
      }
    }
  })
})

// Properties of batches: what goes in comes out; whatever is broken is found, as a RecordError and nothing else.
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  BatchBuilder,
  batchStarts,
  buildBatch,
  type Compression,
  checkRecords,
  compress,
  compressions,
  decompress,
  headerBytes,
  iterateRecords,
  patchBatch,
  patchProducer,
  RecordError,
  type RecordInput,
  readBatchHeader,
  recordBytesMax,
  verifyCrc,
} from './index.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 80 })
const field = fc.option(fc.oneof(text, fc.uint8Array({ maxLength: 300 })))
const record = fc.record({
  key: field,
  value: field,
  timestamp: fc.integer({ min: -1, max: 2 ** 51 }),
  headers: fc.array(fc.record({ key: text, value: field }), { maxLength: 3 }),
})
const records = fc.array(record, { minLength: 1, maxLength: 70 })
const compression = fc.constantFrom(...compressions)

const bytesOf = (value: Uint8Array | string | null | undefined) =>
  value == null ? null : new Uint8Array(Buffer.from(value))

function outcome(read: () => unknown): unknown {
  try {
    return read()
  } catch (error) {
    if (error instanceof RecordError) return error.code
    throw error
  }
}

describe('building and reading', () => {
  test('gives back what was put in, in each compression', () => {
    fc.assert(
      fc.property(records, compression, fc.nat(2 ** 52), (input, compression, baseOffset) => {
        const batch = buildBatch({ records: input, compression, baseOffset })
        expect([...iterateRecords(batch, 0)]).toEqual(
          input.map(({ key, value, timestamp, headers }, index) => ({
            offset: baseOffset + index,
            timestamp,
            key: bytesOf(key),
            value: bytesOf(value),
            headers: headers.map((header) => ({ key: header.key, value: bytesOf(header.value) })),
          })),
        )
        expect(verifyCrc(batch, 0, batch.length)).toBe(true)
        expect(checkRecords(batch, 0)).toBe(null)
        expect(readBatchHeader(batch, 0).maxTimestamp).toBe(Math.max(...input.map(({ timestamp }) => timestamp)))
      }),
    )
  })

  test('gives the same bytes from text, from bytes, and from a builder that had to grow', () => {
    fc.assert(
      fc.property(records, (input) => {
        const asBytes = input.map(({ key, value, ...rest }) => ({ ...rest, key: bytesOf(key), value: bytesOf(value) }))
        const builder = new BatchBuilder(0)
        for (const one of input) builder.append(one)
        const batch = buildBatch({ records: input })
        expect(builder.bytes).toBe(batch.length)
        expect(Buffer.compare(buildBatch({ records: asBytes }), batch)).toBe(0)
        expect(Buffer.compare(builder.build(), batch)).toBe(0)
      }),
    )
  })

  test('says beforehand how long a record can get', () => {
    fc.assert(
      fc.property(record, (one) => {
        const batch = buildBatch({ records: [one], baseTimestamp: 0 })
        expect(batch.length - headerBytes).toBeLessThanOrEqual(recordBytesMax(one))
      }),
    )
  })

  test('a record without a timestamp has the first one of its batch', () => {
    const batch = buildBatch({ records: [{ value: 'a', timestamp: 5 }, { value: 'b' }] })
    expect([...iterateRecords(batch, 0)].map(({ timestamp }) => timestamp)).toEqual([5, 5])
  })

  test.each<[string, RecordInput]>([
    ['a number as value', { value: 5 as unknown as string }],
    ['an array of floats as key', { key: new Float64Array(2) as unknown as Uint8Array }],
    ['a header key that is none', { headers: [{ key: null as unknown as string, value: null }] }],
    ['half a millisecond', { timestamp: 0.5 }],
    ['a time before all time', { timestamp: -2 }],
  ])('refuses %s, and adds nothing', (_, wrong) => {
    const builder = new BatchBuilder()
    builder.append({ value: 'right' })
    const before = builder.bytes
    expect(outcome(() => builder.append(wrong))).toBe('record-invalid')
    expect([builder.bytes, builder.recordCount]).toEqual([before, 1])
  })

  test('refuses to build an empty batch', () => {
    expect(outcome(() => buildBatch({ records: [] }))).toBe('record-invalid')
  })
})

describe('patching', () => {
  const records = [
    { value: 'a', timestamp: 10 },
    { value: 'b', timestamp: 12 },
  ]

  test('sets base offset and leader epoch without touching the CRC', () => {
    const batch = buildBatch({ records })
    const before = readBatchHeader(batch, 0)
    patchBatch(batch, 0, { baseOffset: 2 ** 40 + 3, partitionLeaderEpoch: 9 })
    expect(readBatchHeader(batch, 0)).toEqual({ ...before, baseOffset: 2 ** 40 + 3, partitionLeaderEpoch: 9 })
    expect(verifyCrc(batch, 0, batch.length)).toBe(true)
  })

  test('sets the time of appending, which then counts for each record', () => {
    const batch = buildBatch({ records })
    patchBatch(batch, 0, { baseOffset: 0, partitionLeaderEpoch: 0, maxTimestamp: 99 })
    expect([...iterateRecords(batch, 0)].map(({ timestamp }) => timestamp)).toEqual([99, 99])
    expect(verifyCrc(batch, 0, batch.length)).toBe(true)
  })

  test('sets another producer epoch (KIP-360)', () => {
    const batch = buildBatch({ records, producerId: 5, producerEpoch: 1, baseSequence: 40 })
    patchProducer(batch, 0, { producerId: 5, producerEpoch: 2, baseSequence: 0 })
    expect(readBatchHeader(batch, 0)).toMatchObject({ producerId: 5, producerEpoch: 2, baseSequence: 0 })
    expect(verifyCrc(batch, 0, batch.length)).toBe(true)
  })
})

describe('several batches one after another', () => {
  const one = buildBatch({ records: [{ value: 'one' }] })
  const two = buildBatch({ records: [{ value: 'two' }, { value: 'three' }] })
  const both = Buffer.concat([one, two])

  test.each([
    ['both whole', both.length, [0, one.length]],
    ['the second cut off', both.length - 1, [0]],
    ['nothing but a length of the second', one.length + 12, [0]],
    ['less than that', one.length + 3, [0]],
    ['nothing', 0, []],
  ])('%s', (_, end, starts) => {
    expect([...batchStarts(both, 0, end)]).toEqual(starts)
    expect([...batchStarts(both.subarray(0, end))]).toEqual(starts)
  })

  test('a length that no batch can have is an error, and no endless loop', () => {
    expect(outcome(() => [...batchStarts(new Uint8Array(100))])).toBe('batch-malformed')
  })
})

describe('broken batches', () => {
  test('any flipped bit from the CRC on is found', () => {
    fc.assert(
      fc.property(records, compression, fc.nat(), fc.nat(7), (input, compression, where, bit) => {
        const batch = buildBatch({ records: input, compression })
        const at = 17 + (where % (batch.length - 17))
        batch[at]! ^= 1 << bit
        expect(verifyCrc(batch, 0, batch.length)).toBe(false)
      }),
    )
  })

  test('a cut batch is truncated, wherever it is cut', () => {
    const batch = buildBatch({ records: [{ value: 'x'.repeat(50) }] })
    for (let length = 0; length < batch.length; length++) {
      expect(outcome(() => [...iterateRecords(batch.subarray(0, length), 0)])).toBe('batch-truncated')
    }
  })

  test('changed bytes give a RecordError or other records, never anything else', () => {
    const change = fc.tuple(fc.nat(), fc.nat(255))
    fc.assert(
      fc.property(
        records,
        compression,
        fc.array(change, { minLength: 1, maxLength: 5 }),
        (input, compression, changes) => {
          const batch = buildBatch({ records: input, compression })
          // Not the length: that is `a cut batch`.
          for (const [where, byte] of changes) batch[16 + (where % (batch.length - 16))] = byte
          outcome(() => [...iterateRecords(batch, 0, { decompressedBytesMax: 1 << 20 })])
          checkRecords(batch, 0)
        },
      ),
      { numRuns: 3_000 },
    )
  })

  test('what a leader lets pass, consumers can read', () => {
    fc.assert(
      fc.property(records, fc.nat(), fc.nat(255), (input, where, byte) => {
        const batch = buildBatch({ records: input })
        batch[headerBytes + (where % (batch.length - headerBytes))] = byte
        if (checkRecords(batch, 0) === null) expect([...iterateRecords(batch, 0)]).toHaveLength(input.length)
      }),
      { numRuns: 3_000 },
    )
  })

  test.each<[string, number, number]>([
    ['a record too many in the count', 60, 3],
    ['a record too few in the count', 60, 1],
    ['another last offset', 26, 2],
    ['a count of -1', 57, 0xff],
    ['a longer first record', 61, 20],
    ['a shorter first record', 61, 16],
    ['another offset in the second', 74, 4],
    ['a value longer than its record', 66, 60],
    ['a value of length -2', 66, 3],
    ['a header that is not there', 70, 2],
  ])('a leader refuses %s', (_, at, byte) => {
    const batch = buildBatch({ records: [{ value: 'abc' }, { value: 'def' }] })
    expect(checkRecords(batch, 0)).toBe(null)
    batch[at] = byte
    expect(checkRecords(batch, 0)?.code).toBe('record-malformed')
  })

  test.each<[string, number, number, string]>([
    ['message format 1', 16, 1, 'magic-unsupported'],
    ['compression 7', 22, 7, 'compression-unknown'],
    ['gzip that is none', 22, 1, 'compression-malformed'],
    ['snappy that is none', 22, 2, 'compression-malformed'],
    ['lz4 that is none', 22, 3, 'compression-malformed'],
    ['zstd that is none', 22, 4, 'compression-malformed'],
    ['a timestamp beyond 2^53', 28, 0x7f, 'batch-malformed'],
  ])('%s', (_, at, byte, code) => {
    const batch = buildBatch({ records: [{ value: 'x'.repeat(50), timestamp: 1 }] })
    batch[at] = byte
    expect(outcome(() => [...iterateRecords(batch, 0)])).toBe(code)
  })
})

describe('decompression is bounded', () => {
  const packed = compressions.filter((name) => name !== 'none')
  const bombBytes = 30_000_000
  const bomb = new Uint8Array(bombBytes)

  test.each(packed)('%s: exactly the limit passes, one byte more is refused', (name) => {
    const content = Buffer.from('what is to be compressed, and again '.repeat(3_000))
    const small = compress(name, content)
    expect(Buffer.compare(decompress(name, small, content.length), content)).toBe(0)
    expect(outcome(() => decompress(name, small, content.length - 1))).toBe('decompressed-too-large')
  })

  test.each(packed)('%s: a bomb is refused before it takes memory', (name) => {
    const small = compress(name, bomb)
    const before = process.resourceUsage().maxRSS
    expect(outcome(() => decompress(name, small, 1 << 20))).toBe('decompressed-too-large')
    expect((process.resourceUsage().maxRSS - before) * 1024).toBeLessThan(bombBytes / 2)
  })

  test('snappy without a frame, as librdkafka sends it', () => {
    const content = Buffer.from('abc'.repeat(100))
    const block = compress('snappy', content).subarray(20)
    expect(Buffer.compare(decompress('snappy', block), content)).toBe(0)
  })

  test.each<[string, Compression, Uint8Array, string]>([
    [
      'lz4 of two frames',
      'lz4',
      Buffer.concat([compress('lz4', bomb), compress('lz4', bomb)]),
      'compression-malformed',
    ],
    ['gzip of two members', 'gzip', Buffer.concat([gzipSync(bomb), gzipSync(bomb)]), 'decompressed-too-large'],
  ])('%s: the second is bounded too', (_, name, bytes, code) => {
    expect(outcome(() => decompress(name, bytes, bombBytes + 1000))).toBe(code)
  })

  test('changed bytes in lz4 and snappy give a RecordError or other bytes within the limit', () => {
    const content = Buffer.from('some words that come again: some words that come again. '.repeat(20))
    fc.assert(
      fc.property(fc.constantFrom<Compression>('lz4', 'snappy'), fc.nat(), fc.nat(255), (name, where, byte) => {
        const bytes = Buffer.from(compress(name, content))
        bytes[where % bytes.length] = byte
        const result = outcome(() => decompress(name, bytes, 10_000))
        if (result instanceof Uint8Array) expect(result.length).toBeLessThanOrEqual(10_000)
      }),
      { numRuns: 2_000 },
    )
  })
})

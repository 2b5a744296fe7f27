// Batches that others wrote (testdata/records): they say what we say, and we write the same bytes.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  batchBytes,
  buildBatch,
  type Compression,
  checkRecords,
  compressionOf,
  isControl,
  isLogAppendTime,
  isTransactional,
  iterateRecords,
  type Rec,
  readBatchHeader,
  verifyCrc,
} from './index.ts'

interface Fixture {
  name: string
  compression: Compression
  baseOffset: number
  lastOffset: number
  leaderEpoch: number
  maxTimestamp: number
  appendTime: boolean
  producerId: number
  producerEpoch: number
  baseSequence: number
  transactional: boolean
  control: boolean
  hex: string
  records: {
    offset: number
    timestamp: number
    key: string | null
    value: string | null
    headers: [string, string | null][]
  }[]
}

const fixtures = ['java', 'kafkajs'].flatMap((writer) =>
  readFileSync(new URL(`../testdata/records/${writer}.jsonl`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line): [string, Fixture] => {
      const fixture = JSON.parse(line) as Fixture
      return [`${writer}: ${fixture.name}`, fixture]
    }),
)

const hex = (bytes: Uint8Array | null) => bytes && Buffer.from(bytes).toString('hex')
const bytes = (text: string | null) => (text === null ? null : Buffer.from(text, 'hex'))

function inHex({ offset, timestamp, key, value, headers }: Rec) {
  return {
    offset,
    timestamp,
    key: hex(key),
    value: hex(value),
    headers: headers.map((header) => [hex(Buffer.from(header.key)), hex(header.value)]),
  }
}

describe.each(fixtures)('%s', (_, fixture) => {
  // Somewhere in a larger buffer, as batches are.
  const at = 7
  const batch = Buffer.concat([Buffer.alloc(at, 0xff), bytes(fixture.hex)!, Buffer.alloc(9, 0xff)])
  const length = fixture.hex.length / 2

  test('reads as its writer says', () => {
    const header = readBatchHeader(batch, at)
    expect({
      baseOffset: header.baseOffset,
      lastOffset: header.baseOffset + header.lastOffsetDelta,
      leaderEpoch: header.partitionLeaderEpoch,
      maxTimestamp: header.maxTimestamp,
      producerId: header.producerId,
      producerEpoch: header.producerEpoch,
      baseSequence: header.baseSequence,
      compression: compressionOf(header.attributes),
      appendTime: isLogAppendTime(header.attributes),
      transactional: isTransactional(header.attributes),
      control: isControl(header.attributes),
    }).toEqual({
      baseOffset: fixture.baseOffset,
      lastOffset: fixture.lastOffset,
      leaderEpoch: fixture.leaderEpoch,
      maxTimestamp: fixture.maxTimestamp,
      producerId: fixture.producerId,
      producerEpoch: fixture.producerEpoch,
      baseSequence: fixture.baseSequence,
      compression: fixture.compression,
      appendTime: fixture.appendTime,
      transactional: fixture.transactional,
      control: fixture.control,
    })
    expect([...iterateRecords(batch, at)].map(inHex)).toEqual(fixture.records)
  })

  test('is found sound', () => {
    expect(batchBytes(batch, at)).toBe(length)
    expect(verifyCrc(batch, at, length)).toBe(true)
    expect(checkRecords(batch, at)).toBe(null)
  })
})

// How well a compressor compresses is its own affair; and under a time of appending, the producers' times cannot be seen.
const plain = fixtures.filter(([, { compression, appendTime }]) => compression === 'none' && !appendTime)

test.each(plain)('%s: is what we write', (_, fixture) => {
  const ours = buildBatch({
    ...fixture,
    partitionLeaderEpoch: fixture.leaderEpoch,
    records: fixture.records.map(({ timestamp, key, value, headers }) => ({
      timestamp,
      key: bytes(key),
      value: bytes(value),
      headers: headers.map(([name, content]) => ({ key: bytes(name)!.toString(), value: bytes(content) })),
    })),
  })
  expect(hex(ours)).toBe(fixture.hex)
})

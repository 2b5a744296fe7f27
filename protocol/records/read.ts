// Reading the records of a batch, lazily, and checking them without reading them.
//
//   record: length | attributes 1 | timestamp delta | offset delta | key | value | header count | (key | value) ...
//   key, value: length, -1 for null | bytes          (all numbers but `attributes` are zigzag varints)
import { compressionOf, decompress, decompressedBytesMaxDefault } from './compression.ts'
import { RecordError } from './errors.ts'
import { type BatchHeader, isLogAppendTime, readBatchHeader } from './header.ts'
import * as layout from './layout.ts'
import { VarintReader } from './varint.ts'

export interface Rec {
  readonly offset: number
  /** ms since 1970; the broker's own where the topic says LogAppendTime. */
  readonly timestamp: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly RecHeader[]
}

export interface RecHeader {
  readonly key: string
  readonly value: Uint8Array | null
}

const noHeaders: readonly RecHeader[] = Object.freeze([])
/** A record of no key, no value, no headers: length and six bytes. */
const recordBytesMin = 7

/**
 * The records of the batch at `at`, read one by one as they are asked for. Keys and values point into `bytes` (or into the
 * decompressed batch) and are not copied. The CRC is not checked: `verifyCrc` does that.
 *
 * Throws a RecordError, at the first step or later, for whatever is malformed, and when the batch decompresses to more than
 * `decompressedBytesMax`.
 */
export function* iterateRecords(
  bytes: Uint8Array,
  at: number,
  options: { decompressedBytesMax?: number } = {},
): Generator<Rec, void, void> {
  const header = readBatchHeader(bytes, at)
  const reader = recordReader(bytes, at, header, options.decompressedBytesMax ?? decompressedBytesMaxDefault)
  const appendTime = isLogAppendTime(header.attributes)
  for (let index = 0; index < header.recordCount; index++) yield readRecord(reader, header, appendTime)
  if (reader.at !== reader.end) {
    throw new RecordError('record-malformed', `${reader.end - reader.at} bytes follow the last record of a batch`)
  }
}

/** A reader over the records of a batch, decompressed where needed. */
function recordReader(bytes: Uint8Array, at: number, header: BatchHeader, bytesMax: number): VarintReader {
  const end = at + layout.prefixBytes + header.batchLength
  const compression = compressionOf(header.attributes)
  const reader =
    compression === 'none'
      ? new VarintReader(bytes, at + layout.recordsAt, end)
      : wholeReader(decompress(compression, bytes.subarray(at + layout.recordsAt, end), bytesMax))
  checkCount(header.recordCount, reader.end - reader.at)
  return reader
}

function wholeReader(bytes: Uint8Array): VarintReader {
  return new VarintReader(bytes, 0, bytes.length)
}

function checkCount(count: number, bytes: number): void {
  if (count < 0 || count > bytes / recordBytesMin) {
    throw new RecordError('record-malformed', `${count} records cannot stand in ${bytes} bytes`)
  }
}

function readRecord(reader: VarintReader, header: BatchHeader, appendTime: boolean): Rec {
  const length = reader.length(false)
  const end = reader.at + length
  reader.at++ // attributes of a record: none exist
  const timestampDelta = reader.varlong()
  const offset = header.baseOffset + reader.varint()
  const key = readField(reader)
  const value = readField(reader)
  const headers = readHeaders(reader)
  if (reader.at !== end)
    throw new RecordError('record-malformed', `the record at offset ${offset} does not fill its length`)
  return {
    offset,
    timestamp: appendTime ? header.maxTimestamp : header.baseTimestamp + timestampDelta,
    key,
    value,
    headers,
  }
}

function readField(reader: VarintReader): Uint8Array | null {
  const length = reader.length(true)
  if (length < 0) return null
  const { bytes, at } = reader
  reader.at = at + length
  // Not subarray: on a Buffer that would make another, slower, Buffer.
  return new Uint8Array(bytes.buffer, bytes.byteOffset + at, length)
}

function readHeaders(reader: VarintReader): readonly RecHeader[] {
  const count = reader.varint()
  if (count === 0) return noHeaders
  // A header takes two bytes at least.
  if (count < 0 || count > (reader.end - reader.at) / 2) {
    throw new RecordError('record-malformed', `${count} headers cannot stand in a record`)
  }
  const headers: RecHeader[] = []
  for (let index = 0; index < count; index++) {
    const length = reader.length(false)
    const start = reader.bytes.byteOffset + reader.at
    const key = Buffer.from(reader.bytes.buffer, start, length).toString('utf8')
    reader.at += length
    headers.push({ key, value: readField(reader) })
  }
  return headers
}

// Building a record batch v2: records are written as they come into one growing buffer; the header is set at the end.
//
// A producer appends hundreds of thousands of records a second here, so a record leaves no garbage: its size is
// computed first, then it is written in place. Strings are written as UTF-8 without an array in between.
import { type Compression, compress, compressionId } from './compression.ts'
import { writeCrc } from './crc.ts'
import { RecordError } from './errors.ts'
import { attributesOf } from './header.ts'
import { putInt16, putInt32, putInt64 } from './int.ts'
import * as layout from './layout.ts'
import { putVarint, putVarlong, varintBytes, varlongBytes } from './varint.ts'

export interface RecordHeader {
  readonly key: string
  readonly value: Uint8Array | string | null
}

export interface RecordInput {
  readonly key?: Uint8Array | string | null
  readonly value?: Uint8Array | string | null
  readonly headers?: readonly RecordHeader[]
  /** ms since 1970; without it the batch's first. */
  readonly timestamp?: number
}

export interface BatchOptions {
  readonly compression?: Compression
  /** -1 (default): not idempotent. */
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
  /** Set by the leader; 0 from a producer. */
  readonly baseOffset?: number
  readonly partitionLeaderEpoch?: number
  readonly transactional?: boolean
  readonly control?: boolean
}

/** Kafka clients read lengths into signed 32-bit numbers. */
const batchBytesMax = 0x7fffffff
/** So that the difference of two stays a safe integer in zigzag. */
const timestampMax = 2 ** 51
/** Up to here a loop in JavaScript beats a call into native code. */
const shortText = 48

export class BatchBuilder {
  #buffer: Buffer
  #end: number = layout.recordsAt
  #count = 0
  #baseTimestamp: number
  #maxTimestamp = -1

  /**
   * `capacityBytes`: about how long the batch will be before compression; it grows beyond by doubling.
   * `baseTimestamp`: what timestamps count from, ms since 1970; -1: the first record's.
   */
  constructor(capacityBytes = 1024, baseTimestamp = -1) {
    this.#buffer = Buffer.allocUnsafeSlow(Math.min(Math.max(capacityBytes, layout.headerBytes), batchBytesMax))
    this.#baseTimestamp = baseTimestamp
  }

  get recordCount(): number {
    return this.#count
  }

  /** The length of the batch so far, header included, before compression. */
  get bytes(): number {
    return this.#end
  }

  /** What timestamps count from, ms since 1970; -1 before the first record. */
  get baseTimestamp(): number {
    return this.#baseTimestamp
  }

  /** Adds a record. Throws a RecordError, and adds nothing, for what is no record or makes the batch too large. */
  append(record: RecordInput): void {
    const timestamp = record.timestamp ?? this.#baseTimestamp
    if (!Number.isInteger(timestamp) || timestamp < -1 || timestamp > timestampMax) {
      throw new RecordError('record-invalid', `the timestamp ${timestamp} is not in ms since 1970`)
    }
    const base = this.#count === 0 && this.#baseTimestamp === -1 ? timestamp : this.#baseTimestamp
    const delta = timestamp - base
    const keyBytes = bytesOf(record.key, 'key')
    const valueBytes = bytesOf(record.value, 'value')
    const bodyBytes =
      1 +
      varlongBytes(delta) +
      varintBytes(this.#count) +
      fieldBytes(keyBytes) +
      fieldBytes(valueBytes) +
      headersBytes(record.headers)
    this.#reserve(bodyBytes + varintBytes(bodyBytes))
    const buffer = this.#buffer
    let at = putVarint(buffer, this.#end, bodyBytes)
    buffer[at++] = 0 // attributes of a record: none exist
    at = putVarlong(buffer, at, delta)
    at = putVarint(buffer, at, this.#count)
    at = putField(buffer, at, record.key, keyBytes)
    at = putField(buffer, at, record.value, valueBytes)
    this.#end = putHeaders(buffer, at, record.headers)
    this.#count++
    this.#baseTimestamp = base
    if (timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp
  }

  /** The whole batch, in a buffer of its own; the builder must not be used after. Throws a RecordError when it is empty. */
  build(options: BatchOptions = {}): Uint8Array {
    if (this.#count === 0) throw new RecordError('record-invalid', 'a batch without a record')
    const compression = options.compression ?? 'none'
    const batch = compression === 'none' ? this.#buffer.subarray(0, this.#end) : this.#compressed(compression)
    putInt64(batch, layout.baseOffsetAt, options.baseOffset ?? 0)
    putInt32(batch, layout.batchLengthAt, batch.length - layout.prefixBytes)
    putInt32(batch, layout.partitionLeaderEpochAt, options.partitionLeaderEpoch ?? -1)
    batch[layout.magicAt] = 2
    const attributes = attributesOf(
      compressionId(compression),
      options.transactional ?? false,
      options.control ?? false,
    )
    putInt16(batch, layout.attributesAt, attributes)
    putInt32(batch, layout.lastOffsetDeltaAt, this.#count - 1)
    putInt64(batch, layout.baseTimestampAt, this.#baseTimestamp)
    putInt64(batch, layout.maxTimestampAt, this.#maxTimestamp)
    putInt64(batch, layout.producerIdAt, options.producerId ?? -1)
    putInt16(batch, layout.producerEpochAt, options.producerEpoch ?? -1)
    putInt32(batch, layout.baseSequenceAt, options.baseSequence ?? -1)
    putInt32(batch, layout.recordCountAt, this.#count)
    writeCrc(batch, 0, batch.length)
    return batch
  }

  #compressed(compression: Compression): Uint8Array {
    const records = compress(compression, this.#buffer.subarray(layout.recordsAt, this.#end))
    const batch = Buffer.allocUnsafeSlow(layout.headerBytes + records.length)
    batch.set(records, layout.headerBytes)
    return batch
  }

  #reserve(bytes: number): void {
    const needed = this.#end + bytes
    if (needed <= this.#buffer.length) return
    if (needed > batchBytesMax) throw new RecordError('batch-too-large', `a batch of ${needed} bytes`)
    const grown = Buffer.allocUnsafeSlow(Math.min(Math.max(needed, this.#buffer.length * 2), batchBytesMax))
    grown.set(this.#buffer.subarray(0, this.#end))
    this.#buffer = grown
  }
}

/** One batch of all the records. Throws a RecordError for what is no record, or none at all. */
export function buildBatch(
  input: BatchOptions & { records: readonly RecordInput[]; baseTimestamp?: number },
): Uint8Array {
  let capacityBytes: number = layout.headerBytes
  for (const { key, value } of input.records) capacityBytes += 32 + (key?.length ?? 0) + (value?.length ?? 0)
  const builder = new BatchBuilder(capacityBytes, input.baseTimestamp)
  for (const record of input.records) builder.append(record)
  return builder.build(input)
}

/** The bytes that a record takes in a batch at most, before compression: to see whether it still fits. */
export function recordBytesMax(record: RecordInput): number {
  // Varints: length 5, timestamp 8, offset 5; and the attributes.
  return (
    19 +
    fieldBytes(bytesOf(record.key, 'key')) +
    fieldBytes(bytesOf(record.value, 'value')) +
    headersBytes(record.headers)
  )
}

// ---------------------------------------------------------------- fields

/** Bytes of a key or value without its length; -1: null. */
function bytesOf(field: Uint8Array | string | null | undefined, what: string): number {
  if (field === null || field === undefined) return -1
  if (typeof field === 'string') return utf8Bytes(field)
  // Not `instanceof`: test runners give a service's code other globals than Node's own Buffers have.
  if (ArrayBuffer.isView(field) && field.BYTES_PER_ELEMENT === 1) return field.length
  throw new RecordError('record-invalid', `a record's ${what} is a ${typeof field}`)
}

function fieldBytes(length: number): number {
  return length < 0 ? 1 : varintBytes(length) + length
}

function utf8Bytes(text: string): number {
  const length = text.length
  if (length > shortText) return Buffer.byteLength(text)
  for (let index = 0; index < length; index++) {
    if (text.charCodeAt(index) >= 0x80) return Buffer.byteLength(text)
  }
  return length
}

function putField(buffer: Buffer, at: number, field: Uint8Array | string | null | undefined, length: number): number {
  at = putVarint(buffer, at, length)
  if (length <= 0) return at
  if (typeof field === 'string') putText(buffer, at, field, length)
  else buffer.set(field!, at)
  return at + length
}

function putText(buffer: Buffer, at: number, text: string, length: number): void {
  // As many bytes as characters: all of it is ASCII.
  if (length > shortText || length !== text.length) return void buffer.write(text, at, length)
  for (let index = 0; index < length; index++) buffer[at + index] = text.charCodeAt(index)
}

function headersBytes(headers: readonly RecordHeader[] | undefined): number {
  if (headers === undefined) return 1
  let total = varintBytes(headers.length)
  for (const { key, value } of headers)
    total += fieldBytes(headerKeyBytes(key)) + fieldBytes(bytesOf(value, 'header value'))
  return total
}

function putHeaders(buffer: Buffer, at: number, headers: readonly RecordHeader[] | undefined): number {
  if (headers === undefined) return putVarint(buffer, at, 0)
  at = putVarint(buffer, at, headers.length)
  for (const { key, value } of headers) {
    at = putField(buffer, at, key, headerKeyBytes(key))
    at = putField(buffer, at, value, bytesOf(value, 'header value'))
  }
  return at
}

function headerKeyBytes(key: string): number {
  if (typeof key !== 'string') throw new RecordError('record-invalid', `a header's key is a ${typeof key}`)
  return utf8Bytes(key)
}

// The header of a record batch v2 (magic 2): read, checked, and changed in place.
//
// A broker handles batches, not records: this is nearly all it ever reads of one.
import { writeCrc } from './crc.ts'
import { RecordError } from './errors.ts'
import { getInt16, getInt32, getInt64, putInt16, putInt32, putInt64 } from './int.ts'
import * as layout from './layout.ts'

export { headerBytes } from './layout.ts'

export interface BatchHeader {
  readonly baseOffset: number
  /** As in the header: without the first 12 bytes. `batchBytes` has the whole length. */
  readonly batchLength: number
  readonly partitionLeaderEpoch: number
  readonly magic: number
  /** Unsigned. */
  readonly crc: number
  /** See `compressionOf`, `isTransactional`, `isControl`, `isLogAppendTime`. */
  readonly attributes: number
  readonly lastOffsetDelta: number
  /** ms since 1970; -1: none. */
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  /** -1: not idempotent. */
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly recordCount: number
}

/**
 * The whole length in bytes of the batch at `at`. Needs only its first 12 bytes, so the batch may reach past the end of
 * `bytes`. Throws a RecordError when those are not there, or when the length is too small for a header.
 */
export function batchBytes(bytes: Uint8Array, at: number): number {
  if (at + layout.prefixBytes > bytes.length) throw new RecordError('batch-truncated', `no whole batch at byte ${at}`)
  const length = getInt32(bytes, at + layout.batchLengthAt) + layout.prefixBytes
  if (length < layout.headerBytes)
    throw new RecordError('batch-malformed', `the batch at byte ${at} has ${length} bytes`)
  return length
}

/** Reads the header at `at`. Throws a RecordError when the batch is not whole in `bytes`, or not of format v2. */
export function readBatchHeader(bytes: Uint8Array, at: number): BatchHeader {
  // Magic first: the older formats have other, smaller lengths.
  if (at + layout.magicAt >= bytes.length) throw new RecordError('batch-truncated', `no whole batch at byte ${at}`)
  const magic = bytes[at + layout.magicAt]!
  if (magic !== 2) throw new RecordError('magic-unsupported', `the batch at byte ${at} has message format ${magic}`)
  const length = batchBytes(bytes, at)
  if (at + length > bytes.length) throw new RecordError('batch-truncated', `the batch at byte ${at} ends too early`)
  return {
    baseOffset: getInt64(bytes, at),
    batchLength: length - layout.prefixBytes,
    partitionLeaderEpoch: getInt32(bytes, at + layout.partitionLeaderEpochAt),
    magic,
    crc: getInt32(bytes, at + layout.crcAt) >>> 0,
    attributes: getInt16(bytes, at + layout.attributesAt),
    lastOffsetDelta: getInt32(bytes, at + layout.lastOffsetDeltaAt),
    baseTimestamp: getInt64(bytes, at + layout.baseTimestampAt),
    maxTimestamp: getInt64(bytes, at + layout.maxTimestampAt),
    producerId: getInt64(bytes, at + layout.producerIdAt),
    producerEpoch: getInt16(bytes, at + layout.producerEpochAt),
    baseSequence: getInt32(bytes, at + layout.baseSequenceAt),
    recordCount: getInt32(bytes, at + layout.recordCountAt),
  }
}

/**
 * Where each whole batch of [start, end) begins, in order. Stops before a last one that is cut off, as it may be in a
 * fetch answer (KIP-74). Throws a RecordError at a length that no batch can have.
 */
export function* batchStarts(bytes: Uint8Array, start = 0, end: number = bytes.length): Generator<number, void, void> {
  let at = start
  while (at + layout.prefixBytes <= end) {
    const next = at + batchBytes(bytes, at)
    if (next > end) return
    yield at
    at = next
  }
}

/**
 * What the leader sets, in place. Base offset and leader epoch stand outside the CRC. `maxTimestamp` is for topics of
 * LogAppendTime: it marks the batch so, and costs a new CRC.
 */
export function patchBatch(
  bytes: Uint8Array,
  at: number,
  patch: { baseOffset: number; partitionLeaderEpoch: number; maxTimestamp?: number },
): void {
  putInt64(bytes, at + layout.baseOffsetAt, patch.baseOffset)
  putInt32(bytes, at + layout.partitionLeaderEpochAt, patch.partitionLeaderEpoch)
  if (patch.maxTimestamp === undefined) return
  putInt16(bytes, at + layout.attributesAt, getInt16(bytes, at + layout.attributesAt) | logAppendTimeBit)
  putInt64(bytes, at + layout.maxTimestampAt, patch.maxTimestamp)
  writeCrc(bytes, at, batchBytes(bytes, at))
}

/** What a producer sets again when it sends a batch under another id, epoch or sequence (KIP-360), in place; renews the CRC. */
export function patchProducer(
  bytes: Uint8Array,
  at: number,
  patch: { producerId: number; producerEpoch: number; baseSequence: number },
): void {
  putInt64(bytes, at + layout.producerIdAt, patch.producerId)
  putInt16(bytes, at + layout.producerEpochAt, patch.producerEpoch)
  putInt32(bytes, at + layout.baseSequenceAt, patch.baseSequence)
  writeCrc(bytes, at, batchBytes(bytes, at))
}

// ---------------------------------------------------------------- attributes

export const compressionBits = 0x07
const logAppendTimeBit = 0x08
const transactionalBit = 0x10
const controlBit = 0x20

/** The broker's time stands in `maxTimestamp` and counts for every record; else each record has its producer's. */
export function isLogAppendTime(attributes: number): boolean {
  return (attributes & logAppendTimeBit) !== 0
}

export function isTransactional(attributes: number): boolean {
  return (attributes & transactionalBit) !== 0
}

/** Written by a broker (transaction markers); never given to applications. */
export function isControl(attributes: number): boolean {
  return (attributes & controlBit) !== 0
}

/** Attributes of a batch to build. */
export function attributesOf(compressionId: number, transactional: boolean, control: boolean): number {
  return compressionId | (transactional ? transactionalBit : 0) | (control ? controlBit : 0)
}

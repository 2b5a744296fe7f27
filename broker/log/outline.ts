// As much of a batch's header as it takes to find one's way in a segment. Unlike `readBatchHeader` it needs only the header's
// bytes, not the whole batch: files are walked from header to header.
import { type BatchHeader, headerBytes } from '@castellan/protocol/records'

const prefixBytes = 12

export interface Outline {
  readonly baseOffset: number
  /** One past the last record's offset. */
  readonly endOffset: number
  /** Of the whole batch, in bytes. */
  readonly length: number
  /** ms since 1970; -1: none. */
  readonly maxTimestamp: number
  readonly leaderEpoch: number
}

/** Undefined: what stands there cannot be the header of a batch. */
export function readOutline(bytes: Uint8Array, at: number): Outline | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, headerBytes)
  const baseOffset = readInt64(view, 0)
  const length = view.getInt32(8) + prefixBytes
  const magic = view.getInt8(16)
  const endOffset = baseOffset + view.getInt32(23) + 1
  const maxTimestamp = readInt64(view, 35)
  if (magic !== 2 || length < headerBytes || baseOffset < 0 || endOffset <= baseOffset) return undefined
  if (!Number.isSafeInteger(endOffset) || !Number.isSafeInteger(maxTimestamp)) return undefined
  return { baseOffset, endOffset, length, maxTimestamp, leaderEpoch: view.getInt32(12) }
}

function readInt64(view: DataView, at: number): number {
  return view.getInt32(at) * 2 ** 32 + view.getUint32(at + 4)
}

/** Whole length in bytes of a batch whose header was read. */
export function lengthOf(header: BatchHeader): number {
  return header.batchLength + prefixBytes
}

/** One past the offset of a batch's last record. */
export function endOffsetOf(header: BatchHeader): number {
  return header.baseOffset + header.lastOffsetDelta + 1
}

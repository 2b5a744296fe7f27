// Reading batches from segment files: checked one after another, and looked for behind a place that is damaged.
import { type BatchHeader, headerBytes, RecordError, readBatchHeader, verifyCrc } from '@castellan/protocol/records'
import type { DiskFile } from '@castellan/protocol/runtime'
import { endOffsetOf, lengthOf, type Outline, readOutline } from './outline.ts'

const magicAt = 16
const chunkBytes = 1024 * 1024
/** Offset and length come before what the length counts. */
const prefixBytes = 12
/** No request is larger, so no batch is. */
const batchBytesMax = 100 * 1024 * 1024

export interface ScanRange {
  readonly position: number
  readonly endPosition: number
  /** The base offset of the first batch. */
  readonly offset: number
}

export interface ScanEnd {
  /** Where the last sound batch ends, in the file and as an offset. */
  readonly position: number
  readonly offset: number
  /** Why the bytes from `position` on are no sound batch; null: the range ended there. */
  readonly problem: string | null
}

/** The header of the whole, sound batch at `at` that must begin with `offset`; else what is wrong with it. */
export function checkBatch(bytes: Uint8Array, at: number, offset: number): BatchHeader | string {
  let header: BatchHeader
  try {
    header = readBatchHeader(bytes, at)
  } catch (error) {
    if (error instanceof RecordError) return `no batch can be read at offset ${offset}: ${error.code}`
    throw error
  }
  if (header.baseOffset !== offset)
    return `a batch begins with offset ${header.baseOffset} where ${offset} was expected`
  if (header.lastOffsetDelta < 0) return `the batch of offset ${offset} ends before it begins`
  if (!verifyCrc(bytes, at, lengthOf(header))) return `the batch of offset ${offset} does not have its checksum`
  return header
}

/**
 * Hands each batch of a range of the file to `onBatch`, in order, until one is not sound (as `onBatch` may say, too) or the range
 * ends. Off the loop but for the checks. Memory: 1 MiB, or the largest batch. Rejects with what the disk says.
 */
export async function scanBatches(
  file: DiskFile,
  range: ScanRange,
  onBatch: (header: BatchHeader, position: number) => string | undefined,
): Promise<ScanEnd> {
  let { position, offset } = range
  let buffer = new Uint8Array(Math.min(chunkBytes, range.endPosition - position))
  while (position < range.endPosition) {
    const left = range.endPosition - position
    const bytes = buffer.subarray(0, await file.readAsync(buffer.subarray(0, Math.min(buffer.length, left)), position))
    let at = 0
    while (at < bytes.length) {
      const wanted = wantedBytes(bytes, at)
      if (at + wanted > bytes.length && at + wanted <= left) break
      // A batch that would reach past the range is cut off: checkBatch says so.
      const header = checkBatch(bytes, at, offset)
      if (typeof header === 'string') return { position: position + at, offset, problem: header }
      const problem = onBatch(header, position + at)
      if (problem !== undefined) return { position: position + at, offset, problem }
      offset = endOffsetOf(header)
      at += wanted
    }
    if (at === 0 && bytes.length < Math.min(buffer.length, left))
      return { position, offset, problem: `the file ends at byte ${position + bytes.length}` }
    if (at === 0) buffer = new Uint8Array(wantedBytes(bytes, 0))
    position += at
  }
  return { position, offset, problem: null }
}

/** How many bytes the batch at `at` takes, or as many as it takes to see that. */
function wantedBytes(bytes: Uint8Array, at: number): number {
  if (at + headerBytes > bytes.length) return headerBytes
  return readOutline(bytes, at)?.length ?? headerBytes
}

/**
 * The position of a sound batch of an offset above `offset` anywhere in [position, endPosition): when there is one, what is
 * damaged before it is no torn tail (R9). Looks at every byte, but skips what cannot be a batch at the speed of memory.
 */
export async function findBatchBehind(
  file: DiskFile,
  position: number,
  endPosition: number,
  offset: number,
): Promise<number | undefined> {
  const buffer = new Uint8Array(Math.min(chunkBytes, Math.max(0, endPosition - position)))
  while (position + headerBytes <= endPosition) {
    const bytes = buffer.subarray(
      0,
      await file.readAsync(buffer.subarray(0, Math.min(buffer.length, endPosition - position)), position),
    )
    for (let at = nextCandidate(bytes, 0); at >= 0; at = nextCandidate(bytes, at + 1)) {
      const outline = readOutline(bytes, at)
      if (outline === undefined || outline.baseOffset <= offset || outline.baseOffset > offset + 2 ** 32) continue
      if (position + at + outline.length > endPosition) continue
      if (await isBatchAt(file, position + at, outline)) return position + at
    }
    if (bytes.length < headerBytes) return undefined
    // The last bytes may begin a header that the next chunk completes.
    position += bytes.length - headerBytes + 1
  }
  return undefined
}

/**
 * Whether the batch at `position` is whole and only fields before its checksum are damaged: base offset, length, format version.
 * No torn write looks like that. Its length may be what it says, or all that is left.
 */
export async function isSoundBehindHeader(file: DiskFile, position: number, endPosition: number): Promise<boolean> {
  const left = endPosition - position
  if (left < headerBytes) return false
  const header = new Uint8Array(headerBytes)
  await file.readAsync(header, position)
  const said = new DataView(header.buffer).getInt32(8) + prefixBytes
  for (const length of new Set([said, left])) {
    if (length < headerBytes || length > left || length > batchBytesMax) continue
    const batch = new Uint8Array(length)
    if ((await file.readAsync(batch, position)) === length && verifyCrc(batch, 0, length)) return true
  }
  return false
}

/**
 * Whether a batch that anybody counts on may stand at `place`, though not as it was written: one is all there, or zeros are in its place. The
 * beginning of a batch in which the file ends is what a kill leaves; and bytes that are no batch of this log were never one of it.
 */
export async function mayHoldBatch(
  file: DiskFile,
  { position, offset }: Pick<ScanEnd, 'position' | 'offset'>,
  endPosition: number,
): Promise<boolean> {
  const left = endPosition - position
  if (left < headerBytes) return false
  const header = new Uint8Array(headerBytes)
  await file.readAsync(header, position)
  const outline = readOutline(header, 0)
  if (outline?.baseOffset === offset) return outline.length <= left
  // A kill leaves the beginning of a batch: with a header that begins as it should, all of that header would be as it should.
  const isNamed = new DataView(header.buffer).getBigInt64(0) === BigInt(offset)
  return isNamed || header.every((byte) => byte === 0)
}

/** The next place where a header might be, judged by the format version in it and offsets below 2^48; -1: none. */
function nextCandidate(bytes: Uint8Array, from: number): number {
  let at = bytes.indexOf(2, from + magicAt) - magicAt
  while (at >= 0 && (bytes[at] !== 0 || bytes[at + 1] !== 0)) at = bytes.indexOf(2, at + 1 + magicAt) - magicAt
  return at >= 0 && at + headerBytes <= bytes.length ? at : -1
}

async function isBatchAt(file: DiskFile, position: number, { length, baseOffset }: Outline): Promise<boolean> {
  const batch = new Uint8Array(length)
  return (await file.readAsync(batch, position)) === length && typeof checkBatch(batch, 0, baseOffset) !== 'string'
}

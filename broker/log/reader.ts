// Reading a log from its files, off the loop. Every batch is checked again: what flipped since it was written is found here
// and never served (R9).
import type { Slab } from '@castellan/protocol'
import { iterateRecords, RecordError } from '@castellan/protocol/records'
import { systemCode } from '../errors.ts'
import { LogError } from './errors.ts'
import { kinds } from './files.ts'
import { endOffsetOf, lengthOf } from './outline.ts'
import { checkBatch } from './scan.ts'
import { type BatchPlace, corrupt, findBatch, type Segment } from './segment.ts'
import { type IndexContent, SparseIndex } from './sparse-index.ts'
import { activeSegment, type LogState, segmentOf } from './state.ts'
import { readStateFile } from './state-file.ts'

export interface FileRead {
  /** Whole batches, in order; empty when there are none (any more). */
  readonly bytes: Uint8Array
  /** Lets go of the memory; exactly once. */
  release(): void
}

/** What asks for the memory of a read before it is taken. */
export interface ReadRoom {
  /** How many bytes the read may hold: `mostBytes`, or fewer but at least `leastBytes`; 0: none now. */
  take(leastBytes: number, mostBytes: number): number
}

export interface TimestampPlace {
  readonly offset: number
  readonly timestamp: number
  readonly leaderEpoch: number
}

const nothing: FileRead = { bytes: new Uint8Array(0), release: () => {} }
/** Smaller reads get memory of their own size; larger ones a slab from the pool. */
const ownMemoryBytesMax = 64 * 1024

/**
 * Whole batches from the one that holds `offset`, within one segment, ending at or below `limitOffset`: at most `maxBytes`, but at
 * least one; none when `room` has no memory for it. Rejects with a LogError.
 */
export function readBatches(
  log: LogState,
  offset: number,
  maxBytes: number,
  limitOffset: number,
  room?: ReadRoom,
): Promise<FileRead> {
  const segment = segmentOf(log, offset)
  return whileThere(segment, nothing, async () => {
    await loadIndex(log, segment)
    const place = await findBatch(
      log.context.files,
      segment,
      segment.nearest(offset),
      ({ endOffset }) => endOffset > offset,
    )
    if (place === undefined || place.outline.endOffset > limitOffset) return nothing
    const wanted = Math.max(place.outline.length, Math.min(maxBytes, segment.bytes - place.position))
    const granted = room?.take(memoryBytesFor(log, place.outline.length), memoryBytesFor(log, wanted)) ?? wanted
    if (granted === 0) return nothing
    const memory = takeMemory(log, Math.min(wanted, granted))
    try {
      await readAll(log, segment, memory.bytes, place.position)
      const end = checkedEnd(log, segment, memory.bytes, place, limitOffset)
      segment.remember(end.offset, place.position + end.bytes)
      log.context.counters.readFileBytes += end.bytes
      return { bytes: memory.bytes.subarray(0, end.bytes), release: memory.release }
    } catch (error) {
      memory.release()
      throw error
    }
  })
}

/** Checks all batches that are whole; the last one may be cut off by the limit of bytes. */
function checkedEnd(
  log: LogState,
  segment: Segment,
  bytes: Uint8Array,
  place: BatchPlace,
  limitOffset: number,
): { bytes: number; offset: number } {
  let at = 0
  let offset = place.outline.baseOffset
  while (at + 12 <= bytes.length && at + batchLength(bytes, at) <= bytes.length) {
    const header = checkBatch(bytes, at, offset)
    const problem =
      typeof header === 'string' ? header : log.epochs.problemWith(header.partitionLeaderEpoch, endOffsetOf(header) - 1)
    if (typeof header === 'string' || problem !== undefined)
      throw corrupt(segment, `byte ${place.position + at}: ${problem}`)
    if (endOffsetOf(header) > limitOffset) break
    at += lengthOf(header)
    offset = endOffsetOf(header)
  }
  if (at === 0)
    throw corrupt(segment, `byte ${place.position}: the batch of offset ${offset} has another length than before`)
  return { bytes: at, offset }
}

/** As the bytes say; a nonsense length is for checkBatch to find. */
function batchLength(bytes: Uint8Array, at: number): number {
  return Math.max(12, new DataView(bytes.buffer, bytes.byteOffset + at, 12).getInt32(8) + 12)
}

async function readAll(log: LogState, segment: Segment, target: Uint8Array, position: number): Promise<void> {
  const length = await log.context.files.during(segment.path, (file) => file.readAsync(target, position))
  if (length < target.length)
    throw corrupt(segment, `it ends at byte ${position + length}, ${segment.bytes} were written`)
}

/** What a read of so many bytes holds. */
function memoryBytesFor({ context }: LogState, length: number): number {
  return length <= ownMemoryBytesMax ? length : context.pool.sizeFor(length)
}

function takeMemory({ context }: LogState, length: number): { bytes: Uint8Array; release(): void } {
  if (length <= ownMemoryBytesMax) return { bytes: new Uint8Array(length), release: nothing.release }
  const slab: Slab = context.pool.take(length)
  return { bytes: slab.bytes.subarray(0, length), release: () => void slab.release() }
}

/** Reads of a segment that is deleted meanwhile end with `gone`; what a disk says becomes a LogError. */
export async function whileThere<T>(segment: Segment, gone: T, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (segment.deleted) return gone
    if (error instanceof LogError || systemCode(error) === undefined) throw error
    throw new LogError('LOG_DISK', `${segment.path} cannot be read: ${systemCode(error)}`, error)
  }
}

/** From its file; made again from the segment when the file is missing or says something else. */
export async function loadIndex(log: LogState, segment: Segment): Promise<void> {
  if (segment.index !== undefined) return
  const content = readStateFile<IndexContent>(log.context.disk, segment.indexPath, kinds.index)
  if (content?.bytes === segment.bytes) {
    segment.index = SparseIndex.from(content)
  } else {
    const index = new SparseIndex(log.settings.indexIntervalBytes)
    await walk(log, segment, index)
    segment.index = index
  }
  log.context.indexes.note(segment)
}

/** Fills an index from a segment's headers; returns the segment's highest timestamp. */
export async function walk(log: LogState, segment: Segment, index: SparseIndex): Promise<number> {
  let position = 0
  let maxTimestamp = -1
  await findBatch(log.context.files, segment, { offset: segment.baseOffset, position: 0 }, (outline) => {
    index.add(outline.baseOffset, position, maxTimestamp)
    position += outline.length
    maxTimestamp = Math.max(maxTimestamp, outline.maxTimestamp)
    return false
  })
  return maxTimestamp
}

/** The first record in [startOffset, limitOffset) whose timestamp is at least `timestampMs`; undefined: none. Rejects with a LogError. */
export async function findTimestamp(
  log: LogState,
  timestampMs: number,
  limitOffset: number,
): Promise<TimestampPlace | undefined> {
  for (const segment of [...log.segments]) {
    if (segment.maxTimestamp < timestampMs || segment.endOffset <= log.startOffset) continue
    const found = await whileThere(segment, undefined, () => findTimestampIn(log, segment, timestampMs, limitOffset))
    if (found !== undefined) return found.offset < limitOffset ? found : undefined
  }
  return undefined
}

async function findTimestampIn(
  log: LogState,
  segment: Segment,
  timestampMs: number,
  limitOffset: number,
): Promise<TimestampPlace | undefined> {
  await loadIndex(log, segment)
  let from = segment.index?.atTimestamp(timestampMs) ?? { offset: segment.baseOffset, position: 0 }
  for (;;) {
    const place = await findBatch(log.context.files, segment, from, (outline) => {
      return outline.endOffset > log.startOffset && outline.maxTimestamp >= timestampMs
    })
    if (place === undefined) return undefined
    const { outline } = place
    if (outline.baseOffset >= limitOffset)
      return { offset: outline.baseOffset, timestamp: outline.maxTimestamp, leaderEpoch: outline.leaderEpoch }
    const bytes = new Uint8Array(outline.length)
    await readAll(log, segment, bytes, place.position)
    checkedEnd(log, segment, bytes, place, outline.endOffset)
    const record = firstRecord(bytes, timestampMs, log.startOffset)
    if (record !== undefined) return { ...record, leaderEpoch: outline.leaderEpoch }
    // Its header promised more than its records have.
    from = { offset: outline.endOffset, position: place.position + outline.length }
  }
}

function firstRecord(
  bytes: Uint8Array,
  timestampMs: number,
  startOffset: number,
): { offset: number; timestamp: number } | undefined {
  try {
    for (const { offset, timestamp } of iterateRecords(bytes, 0)) {
      if (timestamp >= timestampMs && offset >= startOffset) return { offset, timestamp }
    }
  } catch (error) {
    // A producer compressed nonsense: nobody can read these records, so none of them is the answer.
    if (!(error instanceof RecordError)) throw error
  }
  return undefined
}

/** The highest timestamp of records in [startOffset, limitOffset), as headers say, with the first offset that has it. */
export async function findMaxTimestamp(log: LogState, limitOffset: number): Promise<TimestampPlace | undefined> {
  const timestamps = log.segments
    .filter(({ endOffset }) => endOffset > log.startOffset)
    .map(({ maxTimestamp }) => maxTimestamp)
  const highest = Math.max(-1, ...timestamps)
  if (activeSegment(log).endOffset <= log.startOffset || highest < 0) return undefined
  return findTimestamp(log, highest, limitOffset)
}

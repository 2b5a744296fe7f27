// One segment of a log: a file of batches, named by its first offset, and what is known of where they stand in it.
//
//   00000000000000004096.log      batches, one after another, as they came from producers and go to consumers
//   00000000000000004096.index    the sparse index, written when the segment is closed
import { headerBytes } from '@castellan/protocol/records'
import { LogError } from './errors.ts'
import type { FileCache } from './file-cache.ts'
import { type Outline, readOutline } from './outline.ts'
import type { IndexEntry, SparseIndex } from './sparse-index.ts'

/** What is known of a segment without reading it; kept in the checkpoint. */
export interface SegmentContent {
  readonly baseOffset: number
  readonly endOffset: number
  readonly bytes: number
  /** ms since 1970, of all its records; -1: none. */
  readonly maxTimestamp: number
  /** By the broker's clock, ms since 1970, of the first and the last append; -1: none. */
  readonly firstAppendMs: number
  readonly lastAppendMs: number
}

const hintsMax = 8
const headerChunkBytes = 64 * 1024

export class Segment {
  readonly folder: string
  readonly baseOffset: number
  readonly path: string
  endOffset: number
  bytes = 0
  maxTimestamp = -1
  firstAppendMs = -1
  lastAppendMs = -1
  /** Undefined: not in memory. */
  index: SparseIndex | undefined
  /** Its file is gone or going: what is still being read of it may fail. */
  deleted = false
  /** Where the last reads ended: a consumer that reads on finds its place at once. */
  readonly #hints: IndexEntry[] = []

  constructor(folder: string, baseOffset: number) {
    this.folder = folder
    this.baseOffset = baseOffset
    this.path = `${folder}/${offsetName(baseOffset)}.log`
    this.endOffset = baseOffset
  }

  static from(folder: string, content: SegmentContent): Segment {
    const segment = new Segment(folder, content.baseOffset)
    segment.endOffset = content.endOffset
    segment.bytes = content.bytes
    segment.maxTimestamp = content.maxTimestamp
    segment.firstAppendMs = content.firstAppendMs
    segment.lastAppendMs = content.lastAppendMs
    return segment
  }

  get indexPath(): string {
    return `${this.folder}/${offsetName(this.baseOffset)}.index`
  }

  get content(): SegmentContent {
    const { baseOffset, endOffset, bytes, maxTimestamp, firstAppendMs, lastAppendMs } = this
    return { baseOffset, endOffset, bytes, maxTimestamp, firstAppendMs, lastAppendMs }
  }

  /** The time that retention goes by: that of its newest record, or of its last append where records have none. */
  get ageFromMs(): number {
    return this.maxTimestamp >= 0 ? this.maxTimestamp : this.lastAppendMs
  }

  /** Notes a batch that stands at the file's end. */
  note(baseOffset: number, endOffset: number, length: number, maxTimestamp: number, nowMs: number): void {
    this.index?.add(baseOffset, this.bytes, this.maxTimestamp)
    this.bytes += length
    this.endOffset = endOffset
    if (maxTimestamp > this.maxTimestamp) this.maxTimestamp = maxTimestamp
    if (this.firstAppendMs < 0) this.firstAppendMs = nowMs
    this.lastAppendMs = nowMs
  }

  /** Notes that the batch of `offset` stands at `position`. */
  remember(offset: number, position: number): void {
    if (this.#hints.length >= hintsMax) this.#hints.shift()
    this.#hints.push({ offset, position })
  }

  /** The nearest known place at or before `offset`. */
  nearest(offset: number): IndexEntry {
    let best = this.index?.atOffset(offset) ?? { offset: this.baseOffset, position: 0 }
    for (const hint of this.#hints) if (hint.offset <= offset && hint.offset > best.offset) best = hint
    return best
  }
}

/** Offsets as file names: 20 digits, so that names sort as offsets do. */
export function offsetName(offset: number): string {
  return String(offset).padStart(20, '0')
}

/** The offset that a file name with this suffix stands for; undefined: it is another kind of name. */
export function offsetOf(name: string, suffix: string): number | undefined {
  const match = /^(\d{20})\.([a-z]+)$/.exec(name)
  if (match === null || match[2] !== suffix) return undefined
  const offset = Number(match[1])
  return Number.isSafeInteger(offset) ? offset : undefined
}

export interface BatchPlace {
  readonly position: number
  readonly outline: Outline
}

/**
 * Reads headers, off the loop, from the batch at `from` on until `wanted` says yes; undefined when the segment ends first.
 * Rejects with LOG_CORRUPT when no batch stands where one should.
 */
export function findBatch(
  files: FileCache,
  segment: Segment,
  from: IndexEntry,
  wanted: (outline: Outline) => boolean,
): Promise<BatchPlace | undefined> {
  const endPosition = segment.bytes
  let { position, offset } = from
  return files.during(segment.path, async (file) => {
    const buffer = new Uint8Array(Math.max(0, Math.min(headerChunkBytes, endPosition - position)))
    while (position < endPosition) {
      const target = buffer.subarray(0, Math.min(buffer.length, endPosition - position))
      const bytes = target.subarray(0, await file.readAsync(target, position))
      let at = 0
      while (at + headerBytes <= bytes.length) {
        const outline = readOutline(bytes, at)
        if (outline?.baseOffset !== offset)
          throw corrupt(segment, `no batch of offset ${offset} at byte ${position + at}`)
        if (wanted(outline)) return { position: position + at, outline }
        offset = outline.endOffset
        at += outline.length
      }
      if (at === 0) throw corrupt(segment, `it ends at byte ${position + bytes.length}, ${endPosition} were written`)
      position += at
    }
    return undefined
  })
}

export function corrupt(segment: Segment, problem: string): LogError {
  return new LogError('LOG_CORRUPT', `${segment.path}: ${problem}`)
}

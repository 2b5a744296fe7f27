// Appending to a log: staging in the turn in which a request comes, one write for all at the turn's end, and taking back what the
// disk refuses: end offset and producer state go back, and a part that was written is cut off.
import assert from 'node:assert/strict'
import type { Slab } from '@castellan/protocol'
import { type BatchHeader, patchBatch } from '@castellan/protocol/records'
import { systemCode } from '../errors.ts'
import type { LogContext, LogSettings } from './context.ts'
import { LogError } from './errors.ts'
import type { Keeper } from './keeper.ts'
import { endOffsetOf, lengthOf } from './outline.ts'
import type { ProducerState } from './producers.ts'
import { Segment } from './segment.ts'
import { SparseIndex } from './sparse-index.ts'
import { activeSegment, type LogState } from './state.ts'

/** A batch within the bytes of a request. */
export interface BatchAt {
  readonly at: number
  readonly header: BatchHeader
}

/** What one batch changed in the producers' state, to undo it. */
export interface ProducerChange {
  readonly producerId: number
  readonly before: ProducerState | undefined
}

/** The batches of one request: appended together or not at all. */
export interface Append {
  readonly records: Uint8Array
  /** Retained until the write; null: the bytes are a gift. */
  readonly slab: Slab | null
  readonly batches: readonly BatchAt[]
  readonly leaderEpoch: number
  /** ms since 1970, for a topic of LogAppendTime; -1: the batches keep their producer's times. */
  readonly logAppendTimeMs: number
  readonly changes: readonly ProducerChange[]
}

/** Batches that a follower takes over with the offsets and epochs that their leader gave them. */
export type CopiedAppend = Pick<Append, 'records' | 'slab' | 'batches' | 'changes'>

interface Staged extends Omit<Append, 'leaderEpoch'> {
  readonly baseOffset: number
  readonly endOffset: number
  /** Their headers say the leader epoch. */
  readonly isCopied: boolean
}

export interface FlushResult {
  /** How many of the staged appends were written, from the first on. */
  readonly written: number
  /** A segment was closed that no checkpoint knows as closed. */
  readonly rolled: boolean
  /** A copied batch began a leader epoch that the log did not know. */
  readonly epochBegan: boolean
  /** Why the others were refused. */
  readonly error?: LogError
}

/** Brokers heartbeat as often: a disk that takes longer makes the whole broker late. */
const slowWriteMs = 250
/** Relative offsets in clients are 32 bits wide. */
const offsetsPerSegmentMax = 2 ** 31 - 1

export class Appender {
  readonly #state: LogState
  readonly #keeper: Keeper
  #staged: Staged[] = []
  /** A write failed half-way and its bytes could not be cut off yet. */
  #isTorn = false
  #epochBegan = false

  constructor(state: LogState, keeper: Keeper) {
    this.#state = state
    this.#keeper = keeper
  }

  /** Gives the batches their offsets and leader epoch, in place. They are in the log once `flush` has said so. Returns the first offset. */
  stage(append: Append): number {
    const { records, batches, leaderEpoch: partitionLeaderEpoch, logAppendTimeMs } = append
    const baseOffset = this.#state.nextOffset
    let offset = baseOffset
    for (const { at, header } of batches) {
      const patch = { baseOffset: offset, partitionLeaderEpoch }
      patchBatch(records, at, logAppendTimeMs < 0 ? patch : { ...patch, maxTimestamp: logAppendTimeMs })
      offset += header.lastOffsetDelta + 1
    }
    this.#push({ ...append, baseOffset, endOffset: offset, isCopied: false })
    return baseOffset
  }

  /** As `stage`, of batches as they are: the first one must begin at the log's end, each other one where the one before ends. */
  stageCopied(append: CopiedAppend): void {
    const { header } = append.batches.at(-1)!
    const { baseOffset } = append.batches[0]!.header
    assert(baseOffset === this.#state.nextOffset, 'a copied batch does not begin where the log ends')
    this.#push({ ...append, logAppendTimeMs: -1, baseOffset, endOffset: endOffsetOf(header), isCopied: true })
  }

  #push(staged: Staged): void {
    staged.slab?.retain()
    this.#staged.push(staged)
    this.#state.nextOffset = staged.endOffset
  }

  /** Writes all that is staged. Never throws: what is refused is undone. */
  flush(): FlushResult {
    const staged = this.#staged
    if (staged.length === 0) return { written: 0, rolled: false, epochBegan: false }
    this.#staged = []
    const { length: segmentsBefore } = this.#state.segments
    let written = 0
    let error: LogError | undefined
    try {
      while (written < staged.length) written += this.#writeRun(staged, written)
    } catch (thrown) {
      error = this.#undo(staged, written, thrown)
    }
    for (const { slab } of staged) slab?.release()
    this.#state.context.cache.trim()
    const rolled = this.#state.segments.length > segmentsBefore
    const epochBegan = this.#epochBegan
    this.#epochBegan = false
    return { written, rolled, epochBegan, ...(error && { error }) }
  }

  /** Forgets what is staged: it will not be written. */
  discard(): void {
    for (const { slab } of this.#staged) slab?.release()
    this.#staged = []
    this.#state.nextOffset = this.#state.endOffset
  }

  /** Writes what fits into one segment with one system call; returns how many appends that were. */
  #writeRun(staged: readonly Staged[], from: number): number {
    const { settings, context } = this.#state
    if (this.#isFull(staged[from]!)) this.roll()
    const segment = activeSegment(this.#state)
    let bytes = 0
    let to = from
    do bytes += staged[to++]!.records.length
    while (to < staged.length && segment.bytes + bytes + staged[to]!.records.length <= settings.segmentBytes)
    const run = from === 0 && to === staged.length ? staged : staged.slice(from, to)
    this.#write(
      segment,
      run.map(({ records }) => records),
    )
    context.counters.appendedBytes += bytes
    const nowMs = context.clock.wallMs()
    for (const append of run) this.#noteWritten(segment, append, nowMs)
    this.#keeper.noteWritten(segment)
    return run.length
  }

  #isFull({ records, endOffset }: Staged): boolean {
    const { settings, context } = this.#state
    const { bytes, baseOffset, firstAppendMs } = activeSegment(this.#state)
    if (bytes === 0) return false
    if (bytes + records.length > settings.segmentBytes || endOffset - baseOffset > offsetsPerSegmentMax) return true
    return context.clock.wallMs() - firstAppendMs >= settings.segmentMs
  }

  #write(segment: Segment, buffers: Uint8Array[]): void {
    const { context } = this.#state
    const { counters, clock } = context
    const file = context.files.get(segment.path)
    if (this.#isTorn) file.truncate(segment.bytes)
    this.#isTorn = true
    const beganMs = clock.nowMs()
    file.writev(buffers, segment.bytes)
    this.#isTorn = false
    const writeMs = clock.nowMs() - beganMs
    counters.longestWriteMs = Math.max(counters.longestWriteMs, writeMs)
    counters.writes++
    if (writeMs < slowWriteMs) return
    const fields = { file: segment.path, writeMs: Math.round(writeMs) }
    context.complaints.say('slow write', fields, 'a write to a log held everything up: its disk is overloaded or sick')
  }

  #noteWritten(
    segment: Segment,
    { records, slab, batches, baseOffset, endOffset, logAppendTimeMs, isCopied }: Staged,
    nowMs: number,
  ): void {
    const { cached, context, epochs } = this.#state
    let offset = baseOffset
    for (const { at, header } of batches) {
      const length = lengthOf(header)
      const next = offset + header.lastOffsetDelta + 1
      if (isCopied && epochs.assign(header.partitionLeaderEpoch, offset)) this.#epochBegan = true
      segment.note(offset, next, length, logAppendTimeMs < 0 ? header.maxTimestamp : logAppendTimeMs, nowMs)
      cached.add(length === records.length ? records : records.subarray(at, at + length), slab, offset, next)
      offset = next
    }
    this.#state.endOffset = endOffset
    context.counters.appendedBatches += batches.length
  }

  /** Takes back all appends from `written` on. */
  #undo(staged: readonly Staged[], written: number, thrown: unknown): LogError {
    const { context, folder, producers, endOffset } = this.#state
    for (const { changes } of staged.slice(written).reverse()) {
      for (const { producerId, before } of [...changes].reverse()) producers.restore(producerId, before)
    }
    this.#state.nextOffset = endOffset
    context.counters.failedWrites++
    if (this.#isTorn) this.#cutTorn()
    if (thrown instanceof LogError) return thrown
    return new LogError('LOG_DISK', `${folder} cannot be written: ${systemCode(thrown) ?? thrown}`, thrown)
  }

  /** Must succeed before the next write: else bytes that were refused could come to stand in the log. */
  #cutTorn(): void {
    const { context } = this.#state
    const segment = activeSegment(this.#state)
    try {
      context.files.get(segment.path).truncate(segment.bytes)
      this.#isTorn = false
    } catch (error) {
      context.log.warn(
        { file: segment.path, error },
        'cannot cut off a failed write; it is tried again before the next one',
      )
    }
  }

  /** Closes the active segment and begins the next one. Throws what the disk says, and changes nothing then. */
  roll(): void {
    const { context, folder, settings, segments, endOffset } = this.#state
    const closed = activeSegment(this.#state)
    if (this.#isTorn) context.files.get(closed.path).truncate(closed.bytes)
    this.#isTorn = false
    segments.push(newSegment(context, folder, endOffset, settings))
    this.#keeper.noteClosed(closed)
  }
}

/** A new, empty segment, with its file. Throws what the disk says. */
export function newSegment(context: LogContext, folder: string, baseOffset: number, settings: LogSettings): Segment {
  const segment = new Segment(folder, baseOffset)
  segment.index = new SparseIndex(settings.indexIntervalBytes)
  if (context.files.get(segment.path, 'create').size() > 0) {
    throw new LogError('LOG_CORRUPT', `${segment.path} holds bytes, though the log ends before it`)
  }
  return segment
}

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

/** What one system call writes: appends that fit into one segment. */
interface Run {
  readonly segment: Segment
  readonly appends: readonly Staged[]
  readonly buffers: readonly Uint8Array[]
  readonly bytes: number
}

const nothing: FlushResult = { written: 0, rolled: false, epochBegan: false }
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
    assert(this.#state.writing === null, 'staged behind what is being written off the loop')
    staged.slab?.retain()
    this.#staged.push(staged)
    this.#state.nextOffset = staged.endOffset
  }

  /** Writes all that is staged. Never throws: what is refused is undone. */
  flush(): FlushResult {
    const staged = this.#staged
    if (staged.length === 0) return nothing
    this.#staged = []
    const before = this.#state.segments.at(-1)
    let written = 0
    let error: LogError | undefined
    try {
      while (written < staged.length) {
        const run = this.#nextRun(staged, written)
        this.#write(run)
        this.#noteRun(run)
        written += run.appends.length
      }
    } catch (thrown) {
      error = this.#undo(staged, written, thrown)
    }
    return this.#flushed(staged, written, before, error)
  }

  /**
   * As `flush`, off the loop. Until it has resolved nothing may be staged: so what is refused can be undone. Never rejects. `onPart` hears
   * where each part begins that is in the log now: there may be several (a segment was full), and long waits between them.
   */
  async flushOffLoop(onPart?: (fromOffset: number) => void): Promise<FlushResult> {
    assert(this.#state.writing === null, 'a log is written twice at a time')
    const writing = this.#flushOffLoop(onPart)
    this.#state.writing = writing
    try {
      return await writing
    } finally {
      this.#state.writing = null
    }
  }

  async #flushOffLoop(onPart?: (fromOffset: number) => void): Promise<FlushResult> {
    const staged = this.#staged
    this.#staged = []
    const before = this.#state.segments.at(-1)
    let written = 0
    let error: LogError | undefined
    try {
      while (written < staged.length) {
        const run = this.#nextRun(staged, written)
        await this.#writeOffLoop(run)
        this.#noteRun(run)
        written += run.appends.length
        onPart?.(run.appends[0]!.baseOffset)
      }
    } catch (thrown) {
      error = this.#undo(staged, written, thrown)
    }
    return this.#flushed(staged, written, before, error)
  }

  #flushed(
    staged: readonly Staged[],
    written: number,
    before: Segment | undefined,
    error: LogError | undefined,
  ): FlushResult {
    for (const { slab } of staged) slab?.release()
    this.#state.context.cache.trim()
    const rolled = this.#state.segments.at(-1) !== before
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

  /** What fits into one segment. */
  #nextRun(staged: readonly Staged[], from: number): Run {
    const { settings } = this.#state
    if (this.#isFull(staged[from]!)) this.roll()
    const segment = activeSegment(this.#state)
    let bytes = 0
    let to = from
    do bytes += staged[to++]!.records.length
    while (to < staged.length && segment.bytes + bytes + staged[to]!.records.length <= settings.segmentBytes)
    const appends = from === 0 && to === staged.length ? staged : staged.slice(from, to)
    return { segment, appends, buffers: appends.map(({ records }) => records), bytes }
  }

  #noteRun({ segment, appends, bytes }: Run): void {
    const { context } = this.#state
    context.counters.appendedBytes += bytes
    const nowMs = context.clock.wallMs()
    for (const append of appends) this.#noteWritten(segment, append, nowMs)
    this.#keeper.noteWritten(segment)
  }

  #isFull({ records, endOffset }: Staged): boolean {
    const { settings, context } = this.#state
    const { bytes, baseOffset, firstAppendMs } = activeSegment(this.#state)
    if (bytes === 0) return false
    if (bytes + records.length > settings.segmentBytes || endOffset - baseOffset > offsetsPerSegmentMax) return true
    return context.clock.wallMs() - firstAppendMs >= settings.segmentMs
  }

  #write({ segment, buffers, bytes }: Run): void {
    const { context } = this.#state
    const { clock, writePath } = context
    const file = context.files.get(segment.path)
    if (this.#isTorn) file.truncate(segment.bytes)
    this.#isTorn = true
    const beganMs = clock.nowMs()
    file.writev(buffers, segment.bytes)
    this.#isTorn = false
    writePath.wrote(beganMs, bytes)
  }

  /** One at a time of all logs, as on the loop: the other threads are for syncs and reads. */
  #writeOffLoop({ segment, buffers, bytes }: Run): Promise<void> {
    const { context } = this.#state
    return context.writePath.offLoop(bytes, async () => {
      this.#mustBeInUse()
      await context.files.during(segment.path, (file) => {
        if (this.#isTorn) file.truncate(segment.bytes)
        this.#isTorn = true
        return file.writevAsync(buffers, segment.bytes)
      })
      this.#mustBeInUse()
      this.#isTorn = false
    })
  }

  /** Its path may be that of another log by now, and what it knew is gone. */
  #mustBeInUse(): void {
    if (this.#state.isAbandoned) throw new LogError('LOG_DISK', `${this.#state.folder} is out of use`)
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
    const { context, folder, producers, endOffset, isAbandoned } = this.#state
    if (isAbandoned) return new LogError('LOG_DISK', `${folder} is out of use`, thrown)
    for (const { changes } of staged.slice(written).reverse()) {
      for (const { producerId, before } of [...changes].reverse()) producers.restore(producerId, before)
    }
    this.#state.nextOffset = endOffset
    context.counters.failedWrites++
    context.room.noteFailed(thrown instanceof LogError ? thrown.cause : thrown)
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

// The log of one partition: batches in order, in segments on disk, the recent ones in memory too.
//
//   stage(...)  ->  offsets given, bytes patched, producer state moved on       in the turn in which a request comes
//   flush()     ->  one writev for all that was staged                          once at the end of the turn
//
//   |== closed segments =======|== active segment ==============|-- staged --|
//   start offset               synced           endOffset ──────┘            └── nextOffset
//
// What the disk refuses is refused as a whole: end offset and producer state go back, and a part that was written is cut off.
// Everything here runs on the loop and never waits, but for reads from files, syncs and deletions, which return promises.
import type { Slab } from '@castellan/protocol'
import { type BatchHeader, patchBatch } from '@castellan/protocol/records'
import { systemCode } from '../errors.ts'
import type { CachedRead } from './batch-cache.ts'
import type { LogContext, LogSettings } from './context.ts'
import { EpochHistory } from './epochs.ts'
import { LogError } from './errors.ts'
import { kinds } from './files.ts'
import { Keeper } from './keeper.ts'
import { lengthOf } from './outline.ts'
import { type ProducerState, Producers } from './producers.ts'
import { type FileRead, findMaxTimestamp, findTimestamp, readBatches, type TimestampPlace } from './reader.ts'
import { recoverLog } from './recovery.ts'
import { expiredSegments } from './retention.ts'
import { Segment } from './segment.ts'
import { SparseIndex } from './sparse-index.ts'
import { activeSegment, type LogState } from './state.ts'
import { writeStateFile } from './state-file.ts'
import { truncateLog } from './truncation.ts'

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

interface Staged extends Append {
  readonly baseOffset: number
  readonly endOffset: number
}

export interface FlushResult {
  /** How many of the staged appends were written, from the first on. */
  readonly written: number
  /** Why the others were refused. */
  readonly error?: LogError
}

/** Relative offsets in clients are 32 bits wide. */
const offsetsPerSegmentMax = 2 ** 31 - 1

export class Log {
  readonly #state: LogState
  readonly #keeper: Keeper
  readonly #onTrouble: (error: LogError) => void
  #staged: Staged[] = []
  /** A write failed half-way and its bytes could not be cut off yet. */
  #isTorn = false
  /** A segment was closed that no checkpoint knows as closed. */
  #hasRolled = false

  private constructor(state: LogState, changed: boolean, events: LogEvents) {
    this.#state = state
    this.#onTrouble = events.onTrouble
    this.#keeper = new Keeper(state, events.flush, changed)
  }

  /**
   * Opens the log in `folder`, which exists, and recovers it; makes it when there is none. Rejects with a LogError when the log is out
   * of use (R9), or with what the disk says.
   */
  static async open(context: LogContext, folder: string, settings: LogSettings, events: LogEvents): Promise<Log> {
    const recovered = await recoverLog(context, folder, settings)
    if (recovered === undefined) return Log.create(context, folder, settings, events)
    const { changed, ...found } = recovered
    const { endOffset } = found.segments.at(-1)!
    const ends = { endOffset, nextOffset: endOffset, cached: context.cache.open(endOffset) }
    return new Log({ ...found, ...ends, context, folder, settings, isAbandoned: false }, changed, events)
  }

  /** Makes an empty log in `folder`, which exists and holds none. Throws what the disk says. */
  static create(context: LogContext, folder: string, settings: LogSettings, events: LogEvents): Log {
    const segment = newSegment(context, folder, 0, settings)
    const state: LogState = {
      context,
      folder,
      settings,
      segments: [segment],
      startOffset: 0,
      endOffset: 0,
      nextOffset: 0,
      syncedOffset: 0,
      epochs: new EpochHistory(),
      producers: new Producers(settings.producersMax),
      cached: context.cache.open(0),
      isAbandoned: false,
    }
    const log = new Log(state, true, events)
    log.#keeper.noteFolder(folder)
    return log
  }

  get startOffset(): number {
    return this.#state.startOffset
  }

  /** One past the last record written. */
  get endOffset(): number {
    return this.#state.endOffset
  }

  /** One past the last record staged: the offset of the next one. */
  get nextOffset(): number {
    return this.#state.nextOffset
  }

  get syncedOffset(): number {
    return this.#state.syncedOffset
  }

  get bytes(): number {
    return this.#state.segments.reduce((sum, segment) => sum + segment.bytes, 0)
  }

  get segmentCount(): number {
    return this.#state.segments.length
  }

  /** To judge batches by, and to move on with those that are staged. */
  get producers(): Producers {
    return this.#state.producers
  }

  get highestEpoch(): number {
    return this.#state.epochs.highest
  }

  epochAt(offset: number): number {
    return this.#state.epochs.epochAt(offset)
  }

  endOfEpoch(epoch: number): { epoch: number; endOffset: number } {
    return this.#state.epochs.endOf(epoch, this.#state.endOffset)
  }

  configure(settings: LogSettings): void {
    this.#state.settings = settings
  }

  /** Notes that `epoch` begins at the log's end. Nothing may be staged. */
  beginEpoch(epoch: number): void {
    const { context, epochs, folder, endOffset } = this.#state
    if (!epochs.assign(epoch, endOffset)) return
    this.#keeper.noteChanged()
    try {
      writeStateFile(context.disk, `${folder}/epochs`, kinds.epochs, epochs.content)
    } catch (error) {
      // The batches carry it as well, and the next checkpoint.
      context.log.warn({ folder, epoch, error }, 'cannot write the epoch history')
    }
  }

  /** Gives the batches their offsets and leader epoch, in place. They are in the log once `flush` has said so. Returns the first offset. */
  stage(append: Append): number {
    const { records, slab, batches, leaderEpoch: partitionLeaderEpoch, logAppendTimeMs } = append
    const baseOffset = this.#state.nextOffset
    let offset = baseOffset
    for (const { at, header } of batches) {
      const patch = { baseOffset: offset, partitionLeaderEpoch }
      patchBatch(records, at, logAppendTimeMs < 0 ? patch : { ...patch, maxTimestamp: logAppendTimeMs })
      offset += header.lastOffsetDelta + 1
    }
    slab?.retain()
    this.#staged.push({ ...append, baseOffset, endOffset: offset })
    this.#state.nextOffset = offset
    return baseOffset
  }

  /** Writes all that is staged. Never throws: what the disk refused is undone. */
  flush(): FlushResult {
    const staged = this.#staged
    if (staged.length === 0) return { written: 0 }
    this.#staged = []
    let written = 0
    let error: LogError | undefined
    try {
      while (written < staged.length) written += this.#writeRun(staged, written)
    } catch (thrown) {
      error = this.#undo(staged, written, thrown)
    }
    for (const { slab } of staged) slab?.release()
    this.#state.context.cache.trim()
    // Not before all is written: a checkpoint's producers must be those of its offset.
    if (this.#hasRolled) void this.checkpoint()
    this.#hasRolled = false
    return error === undefined ? { written } : { written, error }
  }

  /** Writes what fits into one segment with one system call; returns how many appends that were. */
  #writeRun(staged: readonly Staged[], from: number): number {
    const { settings, context } = this.#state
    if (this.#isFull(staged[from]!)) this.#roll()
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
    counters.longestWriteMs = Math.max(counters.longestWriteMs, clock.nowMs() - beganMs)
    counters.writes++
  }

  #noteWritten(
    segment: Segment,
    { records, slab, batches, baseOffset, endOffset, logAppendTimeMs }: Staged,
    nowMs: number,
  ): void {
    const { cached, context } = this.#state
    let offset = baseOffset
    for (const { at, header } of batches) {
      const length = lengthOf(header)
      const next = offset + header.lastOffsetDelta + 1
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
    const error = new LogError('LOG_DISK', `${folder} cannot be written: ${systemCode(thrown) ?? thrown}`, thrown)
    // A full disk is no fault: when there is room again it goes on. What is no word of a disk is a defect of ours.
    if (systemCode(thrown) === undefined) this.#onTrouble(error)
    return error
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
  #roll(): void {
    const { context, folder, settings, segments, endOffset } = this.#state
    const closed = activeSegment(this.#state)
    segments.push(newSegment(context, folder, endOffset, settings))
    this.#keeper.noteClosed(closed)
    this.#hasRolled = true
  }

  /** Syncs and writes down where recovery can start, if anything changed; resolves also when that failed, which `onTrouble` is told. */
  checkpoint(): Promise<void> {
    return this.#guarded(() => this.#keeper.checkpoint())
  }

  /** Folders above it were made for it: they are synced with it. */
  noteFolders(folders: readonly string[]): void {
    for (const folder of folders) this.#keeper.noteFolder(folder)
  }

  get needsCheckpoint(): boolean {
    return this.#keeper.isChanged
  }

  /** Makes everything written so far durable; resolves also when that failed, which `onTrouble` is told. */
  sync(): Promise<void> {
    return this.#guarded(() => this.#keeper.sync())
  }

  async #guarded(task: () => Promise<void>): Promise<void> {
    if (this.#state.isAbandoned) return
    try {
      await task()
    } catch (error) {
      // Its files may be gone by now.
      if (this.#state.isAbandoned) return
      if (error instanceof LogError) return this.#onTrouble(error)
      this.#onTrouble(new LogError('LOG_DISK', `${this.#state.folder}: ${error}`, error))
    }
  }

  /** Batches from memory, as CachedLog.read; undefined: they are not all there, ask `readFile`. */
  readMemory(offset: number, maxBytes: number, limitOffset: number): CachedRead | undefined {
    const { cached, context } = this.#state
    if (offset < cached.startOffset) return undefined
    const read = cached.read(offset, maxBytes, limitOffset)
    context.counters.readMemoryBytes += read.bytes
    return read
  }

  /** Batches from files, off the loop. Rejects with a LogError. */
  readFile(offset: number, maxBytes: number, limitOffset: number): Promise<FileRead> {
    return readBatches(this.#state, offset, maxBytes, limitOffset)
  }

  /** The first record below `limitOffset` whose timestamp is at least `timestampMs`. Rejects with a LogError. */
  findTimestamp(timestampMs: number, limitOffset: number): Promise<TimestampPlace | undefined> {
    return findTimestamp(this.#state, timestampMs, limitOffset)
  }

  findMaxTimestamp(limitOffset: number): Promise<TimestampPlace | undefined> {
    return findMaxTimestamp(this.#state, limitOffset)
  }

  /** Forgets producers that have been silent for too long. */
  expireProducers(): void {
    const { context, settings, producers } = this.#state
    producers.expire(context.clock.wallMs(), settings.producerIdExpirationMs)
  }

  /** Deletes segments whose time is over. True: the start offset rose. */
  async clean(limitOffset: number): Promise<boolean> {
    const { segments, settings, startOffset, epochs, context } = this.#state
    const nowMs = context.clock.wallMs()
    const limits = {
      retentionMs: settings.retentionMs,
      retentionBytes: settings.retentionBytes,
      startOffset,
      limitOffset,
    }
    const count = expiredSegments(segments, limits, nowMs)
    if (count === 0) return false
    // The last one cannot go while it is appended to.
    if (count === segments.length && !this.#tryRoll()) return false
    const newStart = segments[count]!.baseOffset
    this.#state.startOffset = Math.max(startOffset, newStart)
    epochs.truncateStart(this.#state.startOffset)
    await this.#guarded(() => this.#keeper.deleteOldest(count))
    return this.#state.startOffset > startOffset
  }

  #tryRoll(): boolean {
    try {
      this.#roll()
      return true
    } catch (error) {
      this.#state.context.log.warn({ folder: this.#state.folder, error }, 'cannot begin a new segment')
      return false
    }
  }

  /** Raises the start offset to `offset`, not above `limitOffset`; resolves when that is on disk. */
  async deleteBefore(offset: number, limitOffset: number): Promise<void> {
    const { epochs } = this.#state
    const target = Math.min(offset, limitOffset)
    if (target <= this.#state.startOffset) return
    this.#state.startOffset = target
    epochs.truncateStart(target)
    this.#keeper.noteChanged()
    await this.clean(limitOffset)
    await this.checkpoint()
  }

  /** Cuts off every batch that reaches to `offset` or beyond, and rolls producer state back (R4, R5). Nothing may be staged. Rejects with a LogError. */
  async truncateTo(offset: number): Promise<void> {
    if (offset >= this.#state.endOffset) return
    await truncateLog(this.#state, this.#keeper, offset)
    this.#state.nextOffset = this.#state.endOffset
  }

  /** Clean: everything is synced and written down. */
  async close(): Promise<void> {
    await this.checkpoint()
    this.abandon()
  }

  /** Lets go of memory and files, as they are. What is staged is not written. */
  abandon(): void {
    const { cached, context, segments, endOffset } = this.#state
    this.#state.isAbandoned = true
    for (const { slab } of this.#staged) slab?.release()
    this.#staged = []
    this.#state.nextOffset = endOffset
    cached.clear(endOffset)
    for (const { path } of segments) context.files.forget(path)
  }
}

export interface LogEvents {
  /** The log is not to be trusted or cannot be kept (R9). */
  onTrouble(error: LogError): void
  /** Must call `flush` of the log and tell those who wait. */
  flush(): void
}

function newSegment(context: LogContext, folder: string, baseOffset: number, settings: LogSettings): Segment {
  const segment = new Segment(folder, baseOffset)
  segment.index = new SparseIndex(settings.indexIntervalBytes)
  if (context.files.get(segment.path, 'create').size() > 0) {
    throw new LogError('LOG_CORRUPT', `${segment.path} holds bytes, though the log ends before it`)
  }
  return segment
}

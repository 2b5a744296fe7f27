// The log of one partition: batches in order, in segments on disk, the recent ones in memory too.
//
//   stage(...)  ->  offsets given, bytes patched, producer state moved on       in the turn in which a request comes
//   flush()     ->  one writev for all that was staged                          once at the end of the turn; off the loop when the
//                                                                               disk makes its writers wait (write-path.ts)
//
//   |== closed segments =======|== active segment ==============|-- staged --|
//   start offset               synced           endOffset ──────┘            └── nextOffset
//
// Everything here runs on the loop and never waits, but for reads from files, writes to a slow disk, syncs and deletions, which return promises.
import { systemCode } from '../errors.ts'
import { type Append, Appender, type CopiedAppend, type FlushResult, newSegment } from './appender.ts'
import type { CachedRead } from './batch-cache.ts'
import type { LogContext, LogSettings } from './context.ts'
import { Deletion } from './deletion.ts'
import { EpochHistory } from './epochs.ts'
import { EpochsFile } from './epochs-file.ts'
import { LogError } from './errors.ts'
import { Keeper } from './keeper.ts'
import { Producers } from './producers.ts'
import {
  type FileRead,
  findMaxTimestamp,
  findTimestamp,
  type ReadRoom,
  readBatches,
  type TimestampPlace,
} from './reader.ts'
import { recoverLog } from './recovery.ts'
import { type Pace, scrubLog } from './scrub.ts'
import type { LogState } from './state.ts'
import { beginLogAnew, truncateLog } from './truncation.ts'

export class Log {
  readonly #state: LogState
  readonly #keeper: Keeper
  readonly #appender: Appender
  readonly #onTrouble: (error: LogError) => void
  readonly #epochsFile: EpochsFile
  readonly #deletion: Deletion

  private constructor(state: LogState, changed: boolean, events: LogEvents) {
    this.#state = state
    this.#onTrouble = events.onTrouble
    this.#keeper = new Keeper(state, events.flush, changed)
    this.#appender = new Appender(state, this.#keeper)
    this.#epochsFile = new EpochsFile(state, () => this.#keeper.noteChanged())
    this.#deletion = new Deletion(state, this.#keeper, this.#appender, this.#epochsFile)
  }

  /**
   * Opens the log in `folder`, which exists, and recovers it; undefined: there is none. Rejects with a LogError when the log is out of use
   * (R9), or with what the disk says.
   */
  static async open(
    context: LogContext,
    folder: string,
    settings: LogSettings,
    events: LogEvents,
  ): Promise<Log | undefined> {
    const recovered = await recoverLog(context, folder, settings)
    if (recovered === undefined) return undefined
    const { changed, ...found } = recovered
    const { endOffset } = found.segments.at(-1)!
    const ends = { endOffset, nextOffset: endOffset, cached: context.cache.open(endOffset) }
    return new Log({ ...found, ...ends, context, folder, settings, writing: null, isAbandoned: false }, changed, events)
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
      writing: null,
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

  /** It is closed, or out of use. */
  get isAbandoned(): boolean {
    return this.#state.isAbandoned
  }

  configure(settings: LogSettings): void {
    this.#state.settings = settings
  }

  /** Notes that `epoch` begins at the log's end. Nothing may be staged. Call `saveEpochs` soon: no checkpoint is made for an epoch alone. */
  beginEpoch(epoch: number): void {
    const { epochs, endOffset } = this.#state
    if (epochs.assign(epoch, endOffset)) this.#epochsFile.noteChanged()
  }

  /** Writes the epochs down. */
  saveEpochs(): void {
    this.#epochsFile.save()
  }

  /** Gives the batches their offsets and leader epoch, in place. They are in the log once `flush` has said so. Returns the first offset. */
  stage(append: Append): number {
    return this.#appender.stage(append)
  }

  /** As `stage`, of batches as their leader made them (checkCopies has passed them): they continue the log. */
  stageCopied(append: CopiedAppend): void {
    this.#appender.stageCopied(append)
  }

  /** Writes all that is staged, now. Never throws: what the disk refused is undone. Not while it is being written off the loop. */
  flush(): FlushResult {
    return this.#noteFlushed(this.#appender.flush())
  }

  /** The disk makes its writers wait: `flushOffLoop` is to be called instead of `flush`. */
  get isSlow(): boolean {
    return this.#state.context.writePath.isAsync
  }

  /** As `flush`, off the loop: nothing may be staged until it has resolved. It never rejects. `onPart`: see Appender. */
  async flushOffLoop(onPart?: (fromOffset: number) => void): Promise<FlushResult> {
    return this.#noteFlushed(await this.#appender.flushOffLoop(onPart))
  }

  #noteFlushed(result: FlushResult): FlushResult {
    if (this.#state.isAbandoned) return result
    if (result.epochBegan) this.#epochsFile.noteChanged()
    // Not before all is written: a checkpoint's producers must be those of its offset.
    if (result.rolled) void this.checkpoint()
    // A full disk is no fault: when there is room again it goes on. What is no word of a disk is damage, or a defect of ours.
    if (result.error !== undefined && systemCode(result.error.cause) === undefined) this.#onTrouble(result.error)
    return result
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

  /** Batches from files, off the loop; none when `room` has no memory for them. Rejects with a LogError. */
  readFile(offset: number, maxBytes: number, limitOffset: number, room?: ReadRoom): Promise<FileRead> {
    return readBatches(this.#state, offset, maxBytes, limitOffset, room)
  }

  /** The first record below `limitOffset` whose timestamp is at least `timestampMs`. Rejects with a LogError. */
  findTimestamp(timestampMs: number, limitOffset: number): Promise<TimestampPlace | undefined> {
    return findTimestamp(this.#state, timestampMs, limitOffset)
  }

  findMaxTimestamp(limitOffset: number): Promise<TimestampPlace | undefined> {
    return findMaxTimestamp(this.#state, limitOffset)
  }

  /** Checks every batch of all closed segments again. Rejects with a LogError, or with what `pace` rejects with. */
  scrub(pace: Pace): Promise<void> {
    return scrubLog(this.#state, pace)
  }

  /** Forgets producers that have been silent for too long. */
  expireProducers(): void {
    const { context, settings, producers } = this.#state
    producers.expire(context.clock.wallMs(), settings.producerIdExpirationMs)
  }

  /** Deletes segments whose time is over, or that are too many. True: the start offset rose. */
  async clean(limitOffset: number): Promise<boolean> {
    const { startOffset, settings } = this.#state
    await this.#guarded(() => this.#deletion.deleteOldest(limitOffset, settings))
    return this.#state.startOffset > startOffset
  }

  /** Raises the start offset to `offset`, not above `limitOffset`; resolves when that is on disk. */
  async deleteBefore(offset: number, limitOffset: number): Promise<void> {
    const target = Math.min(offset, limitOffset)
    if (target <= this.#state.startOffset) return
    await this.#guarded(() => this.#deletion.deleteBefore(target, limitOffset))
    await this.checkpoint()
  }

  /** Cuts off every batch that reaches to `offset` or beyond, and rolls producer state back (R4, R5). Nothing may be staged. Rejects with a LogError. */
  async truncateTo(offset: number): Promise<void> {
    if (offset >= this.#state.endOffset) return
    await truncateLog(this.#state, this.#keeper, offset)
    await this.#epochsFile.replace()
  }

  /**
   * Drops everything and goes on at `offset`, as a follower does whose records its leader has deleted, or never had. Producers are
   * forgotten; the highest epoch stays known. Nothing may be staged. Rejects with a LogError.
   */
  async beginAnew(offset: number): Promise<void> {
    await beginLogAnew(this.#state, this.#keeper, offset)
    await this.#epochsFile.replace()
  }

  /**
   * Epochs that began at the log's end and have no record are no part of its history for a follower: records of a lower epoch may come
   * to stand there. Written down at once, for recovery would call such records damaged.
   */
  forgetEmptyEpochs(): void {
    const { epochs, endOffset } = this.#state
    if (!epochs.truncateEnd(endOffset)) return
    this.#epochsFile.noteChanged()
    this.saveEpochs()
  }

  /** Clean: everything is synced and written down. A log that never held anything has nothing to write. */
  async close(): Promise<void> {
    while (this.#state.writing !== null) await this.#state.writing
    this.saveEpochs()
    if (this.#state.endOffset > 0 || this.#state.startOffset > 0) await this.checkpoint()
    this.abandon()
  }

  /** Abandoned, and nothing that it had begun goes on. */
  async settled(): Promise<void> {
    while (this.#state.writing !== null) await this.#state.writing
    await this.#keeper.alone(async () => {})
  }

  /** Lets go of memory and files, as they are. What is staged is not written. */
  abandon(): void {
    const { cached, context, segments, endOffset } = this.#state
    this.#state.isAbandoned = true
    this.#appender.discard()
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

// All partitions of a broker: opened from its disk, given their roles as Castle's topic subjects say (R5, R13), flushed at the end of
// each turn, and looked after by timers. How their logs come and go: `logs.ts`.
import type { TopicState } from '@castellan/protocol/heartbeat'
import { type Runtime, sleep, uuid } from '@castellan/protocol/runtime'
import type { LogContext } from '../log/context.ts'
import { Limiter } from '../log/limiter.ts'
import type { WritePathState } from '../log/write-path.ts'
import { logContext, syncsMax } from './context.ts'
import { LogFolders, type RunBegun } from './folders.ts'
import type { HighWatermarks, Mark } from './high-watermarks.ts'
import { Logs } from './logs.ts'
import type { LogMetrics, PartitionsOptions } from './options.ts'
import type { Partition } from './partition.ts'
import { recoverAll } from './recovery.ts'
import type { PartitionReport } from './results.ts'
import { Roles } from './roles.ts'
import { Salvages } from './salvages.ts'
import { Table } from './table.ts'
import { Upkeep } from './upkeep.ts'

/** How often a broker that leaves looks whether others have what it acknowledged: a round trip or two. */
const leaveLookMs = 5

export class Partitions {
  /** Names the logs as they are: another one when what was not synced may be lost (R8). */
  readonly logsId: string
  /** How the process before this one ended. */
  readonly lastStop: RunBegun['lastStop']
  readonly #runtime: Runtime
  readonly #context: LogContext
  readonly #folders: LogFolders
  readonly #table = new Table()
  readonly #logs: Logs
  readonly #salvages: Salvages
  readonly #roles: Roles
  readonly #upkeep: Upkeep
  readonly #marks: HighWatermarks
  readonly #listeners = new Set<(partition: Partition) => void>()
  readonly #outsiderListeners = new Set<(partition: Partition) => void>()
  readonly #handOverListeners = new Set<(partition: Partition) => void>()
  #staged: Partition[] = []
  /** All logs are open, or found to be out of use. */
  #isOpen = false
  #isClosed = false

  private constructor(runtime: Runtime, options: PartitionsOptions, folders: LogFolders, run: RunBegun) {
    this.logsId = run.logsId
    this.lastStop = run.lastStop
    this.#runtime = runtime
    this.#folders = folders
    this.#marks = folders.highWatermarks()
    this.#context = logContext(runtime, options, run.isIntact)
    const { brokerId, settings, isNewest = () => true } = options
    const { producerIdExpirationMs } = settings
    const shared = { brokerId, context: this.#context, table: this.#table }
    this.#logs = new Logs(runtime.clock, { ...shared, producerIdExpirationMs, folders, marks: this.#marks }, this)
    this.#salvages = new Salvages({ ...shared, folders, marks: this.#marks, logs: this.#logs }, this)
    this.#roles = new Roles(runtime.clock, { ...shared, logs: this.#logs, salvages: this.#salvages, isNewest })
    this.#upkeep = new Upkeep(runtime.clock, settings, {
      partitions: () => this.all(),
      retry: () => this.#logs.retry(),
      saveHighWatermarks: () => this.#saveHighWatermarks(),
    })
  }

  /** Recovers all logs on disk (R9: a bad one gets a fault, others go on). Rejects with a BrokerError when the folder as a whole cannot be used. */
  static async open(runtime: Runtime, options: PartitionsOptions): Promise<Partitions> {
    const folders = await LogFolders.open(runtime.disk, options.dataFolder)
    const run = await folders.begin(runtime.bootId, () => uuid(runtime.random))
    const partitions = new Partitions(runtime, options, folders, run)
    const { counters } = partitions.#context
    const places = folders.places()
    await recoverAll(places, (place) => partitions.#logs.open(place), {
      clock: runtime.clock,
      log: options.log,
      counters,
      onBegin: options.onRecovery,
    })
    if (partitions.#marks.areOfTheseLogs) partitions.#logs.findMissing(places)
    partitions.#isOpen = true
    const { cutBytes, recoveredBytes } = counters
    options.log.info({ ...partitions.#count(), ...run, recoveredBytes, cutBytes }, 'logs are open')
    partitions.#upkeep.start()
    void partitions.#logs.removeDiscarded()
    return partitions
  }

  get(topicId: string, index: number): Partition | undefined {
    return this.#table.get(topicId, index)
  }

  /** In a stable order. */
  all(): Iterable<Partition> {
    return this.#table.all()
  }

  /** Every log on disk, wanted or stray. */
  reports(): PartitionReport[] {
    return [...this.all()].map((partition) => partition.report())
  }

  /**
   * Calls `listener` whenever a partition's `role`, `followed`, `leaderEpoch` or `fault` changed, or its log was deleted (it is not
   * found by `get` then). Returns how to stop.
   */
  onLeadership(listener: (partition: Partition) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Calls `listener` whenever a follower outside of a partition's ISR has fetched: very often while it catches up. */
  onOutsider(listener: (partition: Partition) => void): void {
    this.#outsiderListeners.add(listener)
  }

  /** Calls `listener` whenever another is to lead a partition that this broker leads, or has all that it needs for it. */
  onHandOver(listener: (partition: Partition) => void): void {
    this.#handOverListeners.add(listener)
  }

  /**
   * Others are about to lead what this broker leads. Resolves when those in sync have all that was acknowledged up to now, after `timeoutMs` at
   * the latest; what comes after this call is acknowledged only when they have it.
   */
  async leave(timeoutMs: number): Promise<void> {
    const { clock } = this.#context
    const left = [...this.all()].filter(({ role }) => role === 'leader')
    const ends = new Map(left.map((partition) => [partition, partition.endOffset]))
    for (const partition of left) partition.leave()
    const untilMs = clock.nowMs() + timeoutMs
    const isAhead = ([partition, end]: [Partition, number]) => partition.replicatedEndOffset < end
    while ([...ends].some(isAhead) && clock.nowMs() < untilMs) await sleep(clock, leaveLookMs)
  }

  get metrics(): LogMetrics {
    const { counters, cache, files } = this.#context
    return { ...counters, cacheBytes: cache.bytes, openFiles: files.openFiles, ...this.#count() }
  }

  /** The longest write to a log within the last minute, in ms. */
  get longestWriteOfMinuteMs(): number {
    return this.#context.writePath.longestOfMinuteMs
  }

  /** Of all logs. */
  get bytes(): number {
    let bytes = 0
    for (const partition of this.all()) bytes += partition.bytes
    return bytes
  }

  /** The disk does not answer any more: see WritePath. */
  get isStuck(): boolean {
    return this.#context.writePath.isStuck
  }

  /** The disk has no room for what is to be written: see DiskRoom. */
  get isFull(): boolean {
    return this.#context.room.isFull
  }

  /** Calls `listener` whenever `isFull` changes. */
  onRoom(listener: () => void): void {
    this.#context.room.onChange(listener)
  }

  /** Whether the disk is well enough to be written to on the loop. */
  get writePath(): WritePathState {
    return this.#context.writePath.state
  }

  /** The longest write since it was last asked, in ms: how a slow disk is seen. */
  takeLongestWriteMs(): number {
    const { longestWriteMs } = this.#context.counters
    this.#context.counters.longestWriteMs = 0
    return longestWriteMs
  }

  #count(): { partitions: number; faults: number } {
    const all = [...this.all()]
    return { partitions: all.length, faults: all.filter(({ fault }) => fault !== null).length }
  }

  /**
   * Does what a topic subject says: makes logs, gives each its role and its settings, removes the logs of a recorded deletion or
   * reassignment (R13). What is older than what a log knows (by leader epoch) changes nothing (R14).
   */
  apply(state: TopicState): void {
    if (this.#isClosed) return
    this.#roles.apply(state)
  }

  /** True: they have moved since the last time. */
  #saveHighWatermarks(): boolean {
    if (this.#isClosed) return false
    // Those of logs that are still to be opened would be lost.
    if (!this.#isOpen) return true
    try {
      return this.#marks.save(this.#known())
    } catch (error) {
      // It is a lower bound, and stays one.
      this.#context.complaints.say('high watermarks', { error }, 'cannot write down the high watermarks')
      return true
    }
  }

  /** Before a log is cut. */
  #lowerHighWatermarks(): void {
    try {
      this.#marks.lower(this.#known())
    } catch (error) {
      // At worst the next process takes the log for a damaged one.
      this.#context.complaints.say('high watermarks', { error }, 'cannot write down the high watermarks')
    }
  }

  /**
   * Of all that have records. Also those of which Castle has not spoken yet: what an earlier process knew of them stays. What a damaged log
   * should have stays, too: the note of its fault may be what a full disk refused. One replica alone commits whatever it writes: that moves
   * all the time, and none of it is worth writing down but that there is something.
   */
  *#known(): Generator<Mark, void, void> {
    for (const { topicId, index, highWatermark, endOffset, fault } of this.all()) {
      const written = fault === null || !this.#marks.areOfTheseLogs ? undefined : this.#marks.get(topicId, index)
      if (endOffset === 0 && written === undefined) continue
      const replicas = this.#table.states.get(topicId)?.partitions[index]?.replicas
      const isAlone = replicas !== undefined && replicas.length <= 1
      yield { topicId, index, highWatermark: isAlone ? 0 : Math.max(highWatermark, written ?? 0) }
    }
  }

  // ---------------------------------------------------------------- what partitions and logs tell

  /** Only for partitions. */
  noteStaged(partition: Partition): void {
    this.#staged.push(partition)
    if (this.#staged.length === 1) this.#runtime.clock.soon(() => this.#flush())
  }

  #flush(): void {
    const staged = this.#staged
    this.#staged = []
    for (const partition of staged) partition.flush()
  }

  /** Only for the logs. */
  noteMade(partition: Partition, state: TopicState): void {
    this.#roles.give(partition, state)
  }

  /** Only for the logs. */
  applyOne(topicId: string, index: number): void {
    this.#roles.applyOne(topicId, index)
  }

  /** Only for the logs. */
  noteRefused(): void {
    this.#upkeep.noteRefused()
  }

  /** Only for partitions and logs. */
  noteWritten(partition: Partition): void {
    this.#upkeep.noteWritten(partition)
  }

  /** Only for partitions. */
  noteHighWatermark(): void {
    this.#upkeep.noteMarks()
  }

  /** Only for partitions. */
  noteEpoch(partition: Partition): void {
    this.#logs.slices.run(() => partition.log?.saveEpochs())
  }

  /** Only for partitions. */
  noteCutBelow(): void {
    this.#lowerHighWatermarks()
  }

  /** Only for partitions. */
  noteWhole(partition: Partition): void {
    this.#logs.noteWhole(partition)
  }

  /** Only for partitions. */
  noteIdle(partition: Partition): void {
    const state = this.#table.states.get(partition.topicId)
    const isKept = this.#table.has(partition)
    if (state !== undefined && isKept && !this.#isClosed) this.#roles.give(partition, state)
    // Where its log ends is told only now.
    if (isKept && partition.role === 'none') this.noteChanged(partition)
  }

  /** Only for partitions. */
  noteOutsider(partition: Partition): void {
    for (const listener of this.#outsiderListeners) listener(partition)
  }

  /** Only for partitions. */
  noteHandOver(partition: Partition): void {
    for (const listener of this.#handOverListeners) listener(partition)
  }

  /** Only for partitions and logs. */
  noteChanged(partition: Partition): void {
    for (const listener of [...this.#listeners]) listener(partition)
  }

  /** Clean shutdown: leads nothing any more, syncs, and writes checkpoints and the marker. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#saveHighWatermarks()
    this.#isClosed = true
    this.#upkeep.stop()
    this.#context.room.close()
    this.#logs.close()
    this.#salvages.close()
    this.#roles.close()
    // All before the first is closed: Castle hears it once, and not again after each few of thousands.
    for (const partition of this.all()) partition.leadership.resign(-1)
    const limiter = new Limiter(2 * syncsMax)
    await this.#noteCleanShutdown(
      Promise.all([...this.all()].map((partition) => limiter.run(() => closeLog(partition)))),
    )
    this.#context.cache.close()
    this.#context.files.close()
  }

  /** A full disk is no reason not to stop: without the marker the next start recovers more than it need. */
  async #noteCleanShutdown(closed: Promise<unknown>): Promise<void> {
    try {
      await closed
      await this.#folders.noteCleanShutdown(this.#runtime.clock.wallMs())
    } catch (error) {
      this.#context.log.warn({ error }, 'cannot note the clean shutdown; the next start checks all logs')
    }
  }
}

async function closeLog(partition: Partition): Promise<void> {
  if (partition.fault === null) await partition.log?.close()
}

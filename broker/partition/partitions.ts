// All partitions of a broker: opened from its disk, made and led as Castle's topic subjects say (R5, R13), flushed at the end of
// each turn, and looked after by timers.
import { effectiveConfigs, type TopicSettings } from '@castellan/protocol'
import type { PartitionState, TopicState } from '@castellan/protocol/heartbeat'
import { type Logger, type Runtime, sleep, uuid } from '@castellan/protocol/runtime'
import { systemCode } from '../errors.ts'
import type { LogContext, LogCounters, LogSettings } from '../log/context.ts'
import { LogError } from '../log/errors.ts'
import { type FaultContent, kinds } from '../log/files.ts'
import { Limiter } from '../log/limiter.ts'
import { Log } from '../log/log.ts'
import { readStateFile } from '../log/state-file.ts'
import type { WritePathState } from '../log/write-path.ts'
import { logContext, syncsMax } from './context.ts'
import { LogFolders, type LogPlace, type RunBegun } from './folders.ts'
import type { HighWatermarks } from './high-watermarks.ts'
import { Partition } from './partition.ts'
import { type RecoveryProgress, recoverAll } from './recovery.ts'
import type { PartitionReport } from './results.ts'
import { Slices } from './slices.ts'
import { Upkeep } from './upkeep.ts'

export interface PartitionsOptions {
  /** Logs are kept in `<dataFolder>/logs`. */
  readonly dataFolder: string
  readonly brokerId: number
  readonly settings: PartitionsSettings
  readonly log: Logger
  /** Whether what Castle says of a topic is the newest that is known of it; a store that went back in time may say less (R14). Default: it is. */
  readonly isNewest?: (topicId: string) => boolean
  /** Told once, when the recovery of the logs begins: how to ask how far it is. */
  readonly onRecovery?: (progress: () => RecoveryProgress) => void
}

export interface PartitionsSettings {
  readonly producerIdExpirationMs: number
  readonly producerIdExpirationCheckIntervalMs: number
  readonly logRetentionCheckIntervalMs: number
  /** Memory for recent batches, of all partitions together. Default 64 MiB. */
  readonly logCacheBytesMax?: number
  /** Files of logs held open at a time. Default 400. */
  readonly logOpenFilesMax?: number
  /** Closed segments are read and checked again so often, default 7 days, and so fast, default 8 MiB; 0: not at all. */
  readonly logScrubIntervalMs?: number
  readonly logScrubBytesPerSecond?: number
}

/** Counters since the start, and gauges. */
export interface LogMetrics extends LogCounters {
  readonly cacheBytes: number
  readonly openFiles: number
  readonly partitions: number
  readonly faults: number
}

const producersMax = 10_000
/** Logs made, or epochs written down, in one turn of the loop: a few milliseconds. */
const piecesPerTurn = 16
const rolesPerTurn = 1_000

/** How often a broker that leaves looks whether others have what it acknowledged: a round trip or two. */
const leaveLookMs = 5

export class Partitions {
  /** Names the logs as they are: another one when what was not synced may be lost (R8). */
  readonly logsId: string
  /** How the process before this one ended. */
  readonly lastStop: RunBegun['lastStop']
  readonly #brokerId: number
  readonly #isNewest: (topicId: string) => boolean
  readonly #settings: PartitionsSettings
  readonly #runtime: Runtime
  readonly #context: LogContext
  readonly #folders: LogFolders
  readonly #upkeep: Upkeep
  readonly #marks: HighWatermarks
  /** Logs made and epochs written: files. Roles given: memory only. */
  readonly #slices: Slices
  readonly #roles: Slices
  /** By topic id, then index. */
  readonly #topics = new Map<string, Map<number, Partition>>()
  /** The newest that was applied. */
  readonly #states = new Map<string, TopicState>()
  /** What the disk refused, to be tried again: logs to make or to remove, topics to delete. */
  readonly #unmade = new Set<Partition>()
  readonly #unremoved = new Set<Partition>()
  readonly #removals = new Limiter(1)
  readonly #undeleted = new Set<string>()
  readonly #listeners = new Set<(partition: Partition) => void>()
  readonly #outsiderListeners = new Set<(partition: Partition) => void>()
  readonly #handOverListeners = new Set<(partition: Partition) => void>()
  #staged: Partition[] = []
  #isClosed = false

  private constructor(runtime: Runtime, options: PartitionsOptions, folders: LogFolders, run: RunBegun) {
    this.logsId = run.logsId
    this.lastStop = run.lastStop
    this.#runtime = runtime
    this.#brokerId = options.brokerId
    this.#isNewest = options.isNewest ?? (() => true)
    this.#settings = options.settings
    this.#folders = folders
    this.#marks = folders.highWatermarks()
    this.#context = logContext(runtime, options, run.isIntact)
    this.#slices = new Slices(runtime.clock, piecesPerTurn)
    this.#roles = new Slices(runtime.clock, rolesPerTurn)
    this.#upkeep = new Upkeep(runtime.clock, options.settings, {
      partitions: () => this.all(),
      retry: () => this.#retry(),
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
    await recoverAll(places, (place) => partitions.#openLog(place), {
      clock: runtime.clock,
      log: options.log,
      counters,
      onBegin: options.onRecovery,
    })
    if (run.isIntact) partitions.#findMissing(places)
    const { cutBytes, recoveredBytes } = counters
    options.log.info({ ...partitions.#count(), ...run, recoveredBytes, cutBytes }, 'logs are open')
    partitions.#upkeep.start()
    void partitions.#removeDiscarded()
    return partitions
  }

  get(topicId: string, index: number): Partition | undefined {
    return this.#topics.get(topicId)?.get(index)
  }

  /** In a stable order. */
  *all(): Generator<Partition, void, void> {
    for (const partitions of this.#topics.values()) yield* partitions.values()
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
    if (state.deleted) return this.#delete(state.topicId)
    const { topicId, partitions } = state
    this.#states.set(topicId, state)
    const held = [...(this.#topics.get(topicId)?.keys() ?? [])]
    // A few at once, thousands over several turns: by then there may be a newer state.
    for (const index of held) this.#roles.run(() => this.#applyOne(topicId, index))
    for (const [index, { replicas }] of partitions.entries()) {
      if (replicas.includes(this.#brokerId) && this.get(topicId, index) === undefined)
        this.#roles.run(() => this.#applyOne(topicId, index))
    }
  }

  #applyOne(topicId: string, index: number): void {
    const state = this.#states.get(topicId)
    if (state === undefined) return
    const partition = this.get(topicId, index)
    if (partition !== undefined) return this.#giveRole(partition, state)
    if (state.partitions[index]?.replicas.includes(this.#brokerId) !== true) return
    const added = this.#add(this.#folders.place(topicId, index), state.name)
    this.#slices.run(() => this.#make(added))
  }

  #giveRole(partition: Partition, state: TopicState): void {
    // It is told again when its log has been cut: see `noteIdle`.
    if (partition.following.isBusy) return
    const decided = state.partitions[partition.index]
    if (decided === undefined || decided.leaderEpoch < partition.leaderEpoch) return
    const { leader, leaderEpoch, replicas, removed = [] } = decided
    const isReplica = replicas.includes(this.#brokerId)
    if (!isReplica && removed.includes(this.#brokerId)) return this.#remove(partition)
    const mayBeRebuilt = partition.isDamaged && this.#isNewest(partition.topicId)
    if (mayBeRebuilt && mayRebuild(decided, this.#brokerId)) return this.#rebuild(partition)
    if (partition.log === undefined || partition.fault !== null) return
    const settings = effectiveConfigs(state.configs, decided)
    partition.configure(state.name, settings)
    partition.log.configure(this.#logSettings(settings))
    // Castle did not know yet that this log lacks something: it hears of it by the report, and elects another.
    const mustNotLead = leader === this.#brokerId && partition.isAnew
    if (!isReplica || leader < 0 || mustNotLead) partition.resign(leaderEpoch)
    else if (leader !== this.#brokerId) partition.follow(leader, leaderEpoch)
    else if (!partition.lead(decided)) this.#refuseToLead(partition, leaderEpoch)
  }

  /** Castle hears of it by the report, and names a higher epoch. */
  #refuseToLead({ topic, index, leaderEpoch: known }: Partition, leaderEpoch: number): void {
    this.#context.log.info(
      { topic, partition: index, leaderEpoch, known },
      'not leading: the epoch was led before (R5)',
    )
  }

  #logSettings(settings: TopicSettings): LogSettings {
    return { ...settings, producersMax, producerIdExpirationMs: this.#settings.producerIdExpirationMs }
  }

  // ---------------------------------------------------------------- logs come and go

  async #openLog(place: LogPlace): Promise<void> {
    const partition = this.#add(place, this.#folders.topicName(place))
    try {
      const fault = readStateFile<FaultContent>(this.#context.disk, `${place.folder}/fault`, kinds.fault)
      if (fault !== undefined)
        return partition.setKnownDamage(`${fault.reason} (remove ${place.folder}/fault when it is repaired)`)
      const settings = this.#logSettings(effectiveConfigs({}))
      const log = await Log.open(this.#context, place.folder, settings, events(partition))
      const highWatermark = this.#marks.get(place.topicId, place.index)
      partition.attach(log, this.#folders.isAnew(place), highWatermark)
      // After a power loss that is what R8 is for.
      if (this.#context.isIntact && highWatermark > log.endOffset) throw cutShort(log.endOffset, highWatermark)
      if (partition.log!.needsCheckpoint) this.#upkeep.noteWritten(partition)
    } catch (error) {
      // Whatever it is, it is this log's: the others go on (R9).
      partition.setFault(error)
    }
  }

  /**
   * What an earlier process had, and nobody took away in good order, is damaged like any other log that is not what was written (R9): an empty
   * one in its place would count as in sync, and take from others what it lacks.
   */
  #findMissing(places: readonly LogPlace[]): void {
    const found = new Set(places.map(({ folder }) => folder))
    for (const { topicId, index, highWatermark } of this.#marks.all()) {
      const place = this.#folders.place(topicId, index)
      if (found.has(place.folder)) continue
      const partition = this.#add(place, '')
      try {
        // For the note of what is wrong with it.
        this.#folders.make(place, '')
      } catch (error) {
        this.#context.complaints.say('missing', { topicId, partition: index, error }, 'cannot note that a log is gone')
      }
      partition.setFault(cutShort(0, highWatermark))
    }
  }

  #make(partition: Partition): void {
    const { topicId, index } = partition
    const state = this.#states.get(topicId)
    // Its topic may have been deleted since it was to be made.
    if (state === undefined || this.get(topicId, index) !== partition) return
    const place = this.#folders.place(topicId, index)
    try {
      this.#folders.make(place, state.name)
      const settings = this.#logSettings(effectiveConfigs(state.configs))
      const log = Log.create(this.#context, place.folder, settings, events(partition))
      log.noteFolders(this.#folders.parents(place))
      partition.attach(log, this.#folders.isAnew(place))
    } catch (error) {
      this.#unmade.add(partition)
      this.#upkeep.noteRefused()
      partition.setFault(new LogError('LOG_DISK', `the log cannot be made: ${systemCode(error) ?? error}`, error))
      return
    }
    this.#upkeep.noteWritten(partition)
    this.#giveRole(partition, state)
  }

  #add({ topicId, index, folder }: LogPlace, topic: string): Partition {
    const partition = new Partition({ topicId, topic, index, folder, brokerId: this.#brokerId }, this.#context, this)
    const partitions = this.#topics.get(topicId) ?? new Map<number, Partition>()
    this.#topics.set(topicId, partitions)
    partitions.set(index, partition)
    return partition
  }

  #delete(topicId: string): void {
    const partitions = this.#topics.get(topicId)
    this.#states.delete(topicId)
    if (partitions === undefined) return
    for (const partition of partitions.values()) partition.close()
    try {
      this.#forgetMarks(topicId)
      this.#folders.discard(topicId)
    } catch (error) {
      this.#undeleted.add(topicId)
      this.#upkeep.noteRefused()
      this.#context.complaints.say(
        'delete',
        { topicId, error },
        'a deleted topic cannot be removed from disk; it is tried again',
        'error',
      )
      return
    }
    this.#topics.delete(topicId)
    for (const partition of partitions.values()) this.noteChanged(partition)
    void this.#removeDiscarded()
  }

  /** Castle recorded that this replica is none any more (R13). What the disk refuses is tried again. */
  #remove(partition: Partition): void {
    const { topicId, index } = partition
    partition.close()
    this.#unmade.delete(partition)
    try {
      this.#forgetMarks(topicId, index)
      this.#folders.discardOne(this.#folders.place(topicId, index))
    } catch (error) {
      partition.setFault(new LogError('LOG_DISK', `the log cannot be removed: ${systemCode(error) ?? error}`, error))
      this.#unremoved.add(partition)
      this.#upkeep.noteRefused()
      return
    }
    this.#topics.get(topicId)?.delete(index)
    this.noteChanged(partition)
    void this.#removeDiscarded()
  }

  /**
   * The damaged log is kept aside, and a new one is made, which fetches everything from the leader (R9). Castle may count on this replica
   * again by now, without our knowing: so it is reported as out of use until it has everything that is committed.
   */
  #rebuild(partition: Partition): void {
    const { topicId, index, topic, fault } = partition
    const place = this.#folders.place(topicId, index)
    partition.close()
    try {
      this.#folders.beginAnew(place)
      this.#forgetMarks(topicId, index)
      for (const path of this.#folders.filesOf(place)) this.#context.files.forget(path)
      const kept = this.#folders.setAside(place)
      this.#context.log.warn(
        { topic, topicId, partition: index, fault, kept },
        'a damaged log is set aside, and made anew',
      )
    } catch (error) {
      this.#upkeep.noteRefused()
      this.#context.complaints.say(
        'set aside',
        { topic, topicId, partition: index, error },
        'a damaged log cannot be set aside; it is tried again',
        'error',
      )
      return
    }
    this.#context.counters.rebuilds++
    this.#topics.get(topicId)?.delete(index)
    this.noteChanged(partition)
    const state = this.#states.get(topicId)!
    const next = this.#add(place, state.name)
    this.#slices.run(() => this.#make(next))
    void this.#removeDiscarded()
  }

  /** A log goes in good order: the next process does not miss it. */
  #forgetMarks(topicId: string, index?: number): void {
    try {
      this.#marks.forget(topicId, index)
    } catch (error) {
      // On a full disk, where what goes makes room: at worst a log that nobody wants is shown as damaged.
      this.#context.complaints.say('high watermarks', { error }, 'cannot write down the high watermarks')
    }
  }

  /** True: they have moved since the last time. */
  #saveHighWatermarks(): boolean {
    if (this.#isClosed) return false
    try {
      return this.#marks.save(this.#replicated())
    } catch (error) {
      // It is a lower bound, and stays one.
      this.#context.complaints.say('high watermarks', { error }, 'cannot write down the high watermarks')
      return true
    }
  }

  /** Also those of which Castle has not spoken yet: what an earlier process knew of them stays. */
  *#replicated(): Generator<Partition, void, void> {
    for (const partition of this.all()) {
      const replicas = this.#states.get(partition.topicId)?.partitions[partition.index]?.replicas
      if (replicas === undefined || replicas.length > 1) yield partition
    }
  }

  /** The disk may have room now. */
  #retry(): void {
    const unmade = [...this.#unmade]
    const undeleted = [...this.#undeleted]
    const unremoved = [...this.#unremoved]
    this.#unmade.clear()
    this.#undeleted.clear()
    this.#unremoved.clear()
    for (const partition of unremoved) this.#retryRemoval(partition)
    for (const topicId of undeleted) this.#delete(topicId)
    for (const partition of unmade) this.#slices.run(() => this.#make(partition))
    for (const { isDamaged, topicId, index } of [...this.all()]) if (isDamaged) this.#applyOne(topicId, index)
  }

  /** It may have become a replica again meanwhile. */
  #retryRemoval(partition: Partition): void {
    if (this.get(partition.topicId, partition.index) === partition) this.#applyOne(partition.topicId, partition.index)
  }

  #removeDiscarded(): Promise<void> {
    return this.#removals.run(async () => {
      try {
        for (const path of this.#folders.discarded()) {
          if (this.#isClosed) return
          await this.#folders.remove(path)
        }
      } catch (error) {
        this.#context.log.warn({ error }, 'cannot remove all of a deleted topic; the next start tries again')
      }
    })
  }

  // ---------------------------------------------------------------- PartitionHost

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

  /** Only for partitions. */
  noteWritten(partition: Partition): void {
    this.#upkeep.noteWritten(partition)
  }

  /** Only for partitions. */
  noteEpoch(partition: Partition): void {
    this.#slices.run(() => partition.log?.saveEpochs())
  }

  /** Only for partitions. */
  noteCutBelow(): void {
    this.#saveHighWatermarks()
  }

  /** Only for partitions. */
  noteWhole(partition: Partition): void {
    const { topic, topicId, index } = partition
    try {
      this.#folders.endAnew(this.#folders.place(topicId, index))
    } catch (error) {
      // The leader's next word tries again.
      this.#context.complaints.say('anew', { topic, partition: index, error }, 'cannot note that a log is whole again')
      return
    }
    this.#context.log.info({ topic, topicId, partition: index }, 'a log that was fetched anew has everything again')
    partition.noteWhole()
  }

  /** Only for partitions. */
  noteIdle(partition: Partition): void {
    const state = this.#states.get(partition.topicId)
    const isKept = this.get(partition.topicId, partition.index) === partition
    if (state !== undefined && isKept && !this.#isClosed) this.#giveRole(partition, state)
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

  /** Only for partitions. */
  noteChanged(partition: Partition): void {
    for (const listener of [...this.#listeners]) listener(partition)
  }

  /** Clean shutdown: leads nothing any more, syncs, and writes checkpoints and the marker. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#saveHighWatermarks()
    this.#isClosed = true
    this.#upkeep.stop()
    this.#slices.stop()
    this.#roles.stop()
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

function cutShort(endOffset: number, highWatermark: number): LogError {
  return new LogError('LOG_CORRUPT', `the log ends at ${endOffset}, and had everything up to ${highWatermark} at least`)
}

/** Somebody else leads, and nobody counts on this replica: what its log still has may go. */
function mayRebuild({ leader, replicas, isr, elr = [] }: PartitionState, brokerId: number): boolean {
  const isElsewhere = leader >= 0 && leader !== brokerId && replicas.includes(brokerId)
  return isElsewhere && !isr.includes(brokerId) && !elr.includes(brokerId)
}

async function closeLog(partition: Partition): Promise<void> {
  partition.resign(-1)
  if (partition.fault === null) await partition.log?.close()
}

function events(partition: Partition): { onTrouble(error: LogError): void; flush(): void } {
  return { onTrouble: (error) => partition.setFault(error), flush: () => partition.flush() }
}

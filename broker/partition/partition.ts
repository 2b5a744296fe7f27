// One replica of one partition on this broker: its face to handlers, the group coordinator and Partitions.

import { effectiveConfigs, errors, type Slab, type TopicSettings } from '@castellan/protocol'
import type { PartitionState as Assigned } from '@castellan/protocol/heartbeat'
import { messageOf } from '../errors.ts'
import type { LogContext } from '../log/context.ts'
import { LogError } from '../log/errors.ts'
import { type FaultContent, kinds } from '../log/files.ts'
import type { Log } from '../log/log.ts'
import type { ReadRoom } from '../log/reader.ts'
import { writeStateFile } from '../log/state-file.ts'
import { Appends } from './appends.ts'
import { Followers } from './followers.ts'
import { Following } from './following.ts'
import { beginLeading, inSyncEndOffset } from './leader-state.ts'
import { Reads } from './reads.ts'
import type { AppendResult, EpochEnd, PartitionReport, ReadResult, TimestampOffset } from './results.ts'
import { type Followed, knowsCommitted, type PartitionState, type Role, toldHighWatermark } from './state.ts'
import { Watchers } from './watchers.ts'

/** Who keeps all partitions and has a turn's end. */
export interface PartitionHost {
  /** Something is staged: call `flush` at the end of this turn. */
  noteStaged(partition: Partition): void
  /** Something was written that no checkpoint has yet. */
  noteWritten(partition: Partition): void
  /** A leader epoch began: call `saveEpochs` of its log soon. */
  noteEpoch(partition: Partition): void
  /** A high watermark went back: what is written down of it must not come back. */
  noteCutBelow(): void
  /** It was fetched anew, and has everything now: call `noteWhole` once that is on record. */
  noteWhole(partition: Partition): void
  /** Its log was cut, or written to off the loop, and is not any more: what it was to become meanwhile can be now. */
  noteIdle(partition: Partition): void
  /** A follower that is not in sync has fetched, and may be in sync now. */
  noteOutsider(partition: Partition): void
  /** Another is to lead it, or can. */
  noteHandOver(partition: Partition): void
  /** Its role, the leader that it follows, its leader epoch or its fault changed. */
  noteChanged(partition: Partition): void
}

export interface PartitionIdentity {
  readonly topicId: string
  readonly topic: string
  readonly index: number
  readonly folder: string
  /** This broker's. */
  readonly brokerId: number
}

/** Hears that a follower has something to fetch (urgent), or to be told with its next answer (not urgent). */
export type FollowerWatcher = (isUrgent: boolean) => void

/** Until Castle has said. */
const defaults = effectiveConfigs({})

export class Partition {
  readonly #state: PartitionState
  readonly #host: PartitionHost
  readonly #appends: Appends
  readonly #reads: Reads
  /** What it does as a follower. */
  readonly following: Following
  /** The leader's side of replication. */
  readonly followers: Followers
  readonly #readers = new Watchers()
  readonly #followerWatchers = new Watchers<boolean>()
  #isDamaged = false
  /** Given again while it says the same: so is seen quickly what of thousands has changed. */
  #reported: PartitionReport | undefined

  /** Only for Partitions. It has no log yet: see `attach` and `setFault`. */
  constructor(identity: PartitionIdentity, context: LogContext, host: PartitionHost) {
    this.#host = host
    const settings = defaults
    const initial = {
      log: undefined,
      settings,
      leader: null,
      followed: null,
      leaderEpoch: -1,
      highWatermark: 0,
      isLeaving: false,
      fault: null,
      isAnew: false,
    }
    this.#state = { ...identity, context, ...initial }
    this.#reads = new Reads(this.#state, (error) => this.setFault(error))
    this.#appends = new Appends(this.#state, {
      onStaged: () => host.noteStaged(this),
      onWritten: () => this.#appended(),
      onHighWatermark: () => this.#highWatermarkRose(),
      onSettled: () => this.#settled(),
    })
    this.followers = new Followers(this.#state, this.#appends, {
      onOutsider: () => host.noteOutsider(this),
      onHandOver: () => host.noteHandOver(this),
    })
    this.following = new Following(this.#state, {
      onWritten: () => host.noteWritten(this),
      onEpoch: () => host.noteEpoch(this),
      onMoved: () => this.#notify(),
      onIdle: () => host.noteIdle(this),
      onCutBelow: () => host.noteCutBelow(),
      onWhole: () => host.noteWhole(this),
      onFault: (error) => this.setFault(error),
    })
  }

  get topicId(): string {
    return this.#state.topicId
  }

  /** The topic's name; empty when it is a stray log that does not say. */
  get topic(): string {
    return this.#state.topic
  }

  get index(): number {
    return this.#state.index
  }

  /** The epoch that this replica leads at; the highest it knows when it does not lead; -1: none. */
  get leaderEpoch(): number {
    const { leader, leaderEpoch, log } = this.#state
    return leader !== null ? leaderEpoch : Math.max(leaderEpoch, log?.highestEpoch ?? -1)
  }

  get isLeader(): boolean {
    return this.#state.leader !== null
  }

  /** Whom it follows, and at which epoch: a new object whenever one of them changes. Null: it leads, or does neither. */
  get followed(): Followed | null {
    return this.#state.followed
  }

  get role(): Role {
    if (this.isLeader) return 'leader'
    return this.followed === null ? 'none' : 'follower'
  }

  /** Why it is out of use (R9); null: it is well. A faulty partition neither leads, nor takes, nor serves anything. */
  get fault(): string | null {
    return this.#state.fault
  }

  /** It is fetched anew and lacks something still: reported like a fault, so that it is neither elected nor in sync (R9). */
  get isAnew(): boolean {
    return this.#state.isAnew
  }

  /** The first offset that can be read. */
  get startOffset(): number {
    return this.#state.log?.startOffset ?? 0
  }

  /** One past the last offset written (LEO). */
  get endOffset(): number {
    return this.#state.log?.endOffset ?? 0
  }

  /** Readers see only offsets below it (R3). */
  get highWatermark(): number {
    return this.#state.highWatermark
  }

  /** Bytes of its segments. */
  get bytes(): number {
    return this.#state.log?.bytes ?? 0
  }

  /**
   * Leader only. Checks every batch of one produce request for this partition (size, magic, CRC, records, producer state), takes all
   * or none, and calls `done` once, in this turn or a later one: when the batches are acknowledged at `acks` (-1: the high watermark
   * passed them; 1 and 0: written), or refused. The caller has already raised `acks` to the topic's level.
   *
   * `records` is patched in place (offsets, leader epoch) and must not change afterwards; the partition retains `slab` while it needs
   * the bytes. Null: the bytes are the caller's gift.
   */
  append(records: Uint8Array, slab: Slab | null, acks: -1 | 0 | 1, done: (result: AppendResult) => void): void {
    this.#appends.append(records, slab, acks, done)
  }

  /**
   * Leader only. Whole batches from the one that contains `offset`, at most `maxBytes` but at least one batch (KIP-74), below the high
   * watermark; below the log's end for a follower. `currentLeaderEpoch` is the reader's; -1: it does not know. When the result is
   * `cold`, ask `readCold`.
   */
  read(offset: number, maxBytes: number, currentLeaderEpoch: number, asFollower = false): ReadResult {
    return this.#reads.read(offset, maxBytes, currentLeaderEpoch, asFollower)
  }

  /** As `read`, from files; never blocks the loop, and never answers `cold`. Empty when `room` has no memory for it. */
  readCold(
    offset: number,
    maxBytes: number,
    currentLeaderEpoch: number,
    room?: ReadRoom,
    asFollower = false,
  ): Promise<ReadResult> {
    return this.#reads.readCold(offset, maxBytes, currentLeaderEpoch, room, asFollower)
  }

  /** Leader only. The first record below the high watermark whose timestamp is at least `timestampMs`; null: none. */
  offsetForTimestamp(timestampMs: number): Promise<TimestampOffset | null> {
    return this.#reads.find((log) => log.findTimestamp(timestampMs, this.highWatermark))
  }

  /** Leader only. The record of the highest timestamp (ListOffsets -3); null: there is none. */
  offsetOfMaxTimestamp(): Promise<TimestampOffset | null> {
    return this.#reads.find((log) => log.findMaxTimestamp(this.highWatermark))
  }

  /** Where leader epoch `epoch` ends in this log (KIP-101, R5). */
  endOfEpoch(epoch: number): EpochEnd {
    return this.#state.log?.endOfEpoch(epoch) ?? { epoch: -1, endOffset: -1 }
  }

  /** The leader epoch of the record at `offset`; -1: unknown. */
  epochAt(offset: number): number {
    return this.#state.log?.epochAt(offset) ?? -1
  }

  /** Moves the start offset up to `offset` (at most the high watermark) and deletes segments wholly below it. Resolves when that is on disk. */
  async deleteBefore(offset: number): Promise<void> {
    const { fault, log, highWatermark } = this.#state
    if (fault !== null || log === undefined) return
    await log.deleteBefore(offset, highWatermark)
    this.#notify()
  }

  /**
   * Leader only, for the broker's own logs. Every batch from the one that contains the start offset to the high watermark as it is now,
   * in order; each is valid until the next one is asked for. Throws a LogError when the partition is or gets out of use or stops leading.
   */
  batches(): AsyncGenerator<Uint8Array, void, void> {
    return this.#reads.batches()
  }

  /** Calls `listener` when the high watermark or the start offset rises, or leadership or fault change. Returns how to stop. */
  watch(listener: () => void): () => void {
    return this.#readers.add(listener)
  }

  /** Calls `listener` when a follower of this leader should hear of something. Returns how to stop. */
  watchAsFollower(listener: FollowerWatcher): () => void {
    return this.#followerWatchers.add(listener)
  }

  /** Whether the high watermark has reached the start of this leader's epoch: from then on it says what is committed (R3). */
  get knowsCommitted(): boolean {
    return knowsCommitted(this.#state)
  }

  /** As readers and followers are told; -1: not known yet. */
  get toldHighWatermark(): number {
    return toldHighWatermark(this.#state)
  }

  /**
   * Leader only. R2's rule for what is told without being replicated: whoever else could be elected has fetched at this epoch, and holds
   * all that is older than a second.
   */
  mayAnswer(): boolean {
    return this.#appends.mayAnswer()
  }

  /** Leader only. The ISR is smaller than min.insync.replicas: an append at Ack -1 would be refused now (R6). */
  get lacksReplicas(): boolean {
    return this.#appends.lacksReplicas()
  }

  /** Leader only. From now on nothing is acknowledged that those in sync have not got: one of them is about to lead. */
  leave(): void {
    this.#state.isLeaving = true
  }

  /** Leader only. What all have that are in sync. */
  get replicatedEndOffset(): number {
    const { leader } = this.#state
    // -1: a follower that has not fetched yet; it lacks nothing of an empty log.
    return leader === null ? this.endOffset : Math.max(0, inSyncEndOffset(leader, this.endOffset))
  }

  report(): PartitionReport {
    const { topicId, index: partition, leaderEpoch, isAnew } = this
    const { log, leader, followed } = this.#state
    const fault = this.fault ?? (isAnew ? 'being fetched anew from its leader, in place of a damaged log' : null)
    const isIdle =
      leader === null && followed === null && fault === null && !this.following.isBusy && log?.isWriting !== true
    const end =
      log === undefined || !isIdle ? {} : { lastEpoch: log.epochAt(log.endOffset - 1), endOffset: log.endOffset }
    const report: PartitionReport = { topicId, partition, leaderEpoch, fault, ...end }
    if (this.#reported === undefined || !isSameReport(this.#reported, report)) this.#reported = report
    return this.#reported
  }

  // ---------------------------------------------------------------- for Partitions

  get folder(): string {
    return this.#state.folder
  }

  get log(): Log | undefined {
    return this.#state.log
  }

  /** `highWatermark`: what an earlier process knew. */
  attach(log: Log, isAnew: boolean, highWatermark = 0): void {
    this.#state.log = log
    this.#state.isAnew = isAnew
    this.#state.highWatermark = Math.max(log.startOffset, Math.min(highWatermark, log.endOffset))
    this.#state.fault = null
  }

  /** What Castle says of its topic. The name, too: a power loss may have taken the file that had it. */
  configure(topic: string, settings: TopicSettings): void {
    const { followed, settings: before } = this.#state
    this.#state.topic = topic
    this.#state.settings = settings
    this.#appends.resume()
    if (followed === null || settings.flushMessages !== 1 || before.flushMessages === 1) return
    // What it has already is to be synced now, and its leader to hear that it is: it asks anew.
    this.#state.followed = { ...followed }
    this.#changed()
  }

  /** Its fault is that the log is not what was written, and nothing but another replica can mend that (R9). */
  get isDamaged(): boolean {
    return this.#isDamaged
  }

  /** It has everything that is committed: it counts like any other replica. */
  noteWhole(): void {
    this.#state.isAnew = false
    this.#changed()
  }

  /** Its fault was found by an earlier process. */
  setKnownDamage(reason: string): void {
    this.#isDamaged = true
    this.setFault(new LogError('LOG_DISK', reason))
  }

  get settings(): TopicSettings {
    return this.#state.settings
  }

  /** Segments whose time is over go. Strays stay as they are: nobody has said how long (R13). */
  async clean(): Promise<void> {
    const { fault, log, leader, highWatermark } = this.#state
    if (fault === null && log !== undefined && leader !== null && (await log.clean(highWatermark))) this.#notify()
  }

  expireProducers(): void {
    if (this.#state.fault === null) this.#state.log?.expireProducers()
  }

  /** At the end of a turn. */
  flush(): void {
    this.#appends.flush()
  }

  /**
   * Leads from now on at the epoch that Castle gave, or goes on to lead at it. False: it may not, for the log has been led at this or a
   * higher epoch before, by another process or another leader (R5), or lacks what it had (R9).
   */
  lead(assigned: Assigned): boolean {
    const { log, fault, leader, settings, context, brokerId, leaderEpoch: current } = this.#state
    if (log === undefined || fault !== null || this.isAnew) return false
    const { leaderEpoch } = assigned
    if (leader !== null && leaderEpoch === current) {
      this.followers.assign(assigned)
      return true
    }
    if (leaderEpoch <= this.leaderEpoch) return false
    this.flush()
    if (log.isWriting) {
      // Where the epoch begins is known when that is written: then it is told again.
      this.resign(-1)
      return true
    }
    log.beginEpoch(leaderEpoch)
    this.#host.noteEpoch(this)
    const { endOffset } = log
    const minInsync = settings.minInsyncReplicas
    this.#state.leaderEpoch = leaderEpoch
    this.#state.leader = beginLeading({ brokerId, assigned, minInsync, endOffset, nowMs: context.clock.nowMs() })
    this.#state.followed = null
    this.#appends.resume()
    this.followers.noteHandOver()
    this.#changed()
    return true
  }

  /** Follows another broker's replica from now on. */
  follow(leader: number, leaderEpoch: number): void {
    const { followed } = this.#state
    if (followed?.leader !== leader || followed.leaderEpoch !== leaderEpoch) {
      this.#standDown(leaderEpoch, { leader, leaderEpoch })
    }
  }

  /** Neither leads nor follows any more; the newest epoch that it was told of is `leaderEpoch`. */
  resign(leaderEpoch: number): void {
    const { leader, followed, leaderEpoch: current } = this.#state
    if (leader !== null || followed !== null || leaderEpoch > current) this.#standDown(leaderEpoch, null)
  }

  #standDown(leaderEpoch: number, followed: Followed | null): void {
    // First: what is written now nobody else has, and it must not be acknowledged (R2, R5).
    this.#state.leader = null
    this.flush()
    this.#state.leaderEpoch = Math.max(this.#state.leaderEpoch, leaderEpoch)
    this.#state.followed = followed
    this.#appends.refuseAll(errors.NOT_LEADER_OR_FOLLOWER, 'this broker does not lead the partition any more')
    this.#changed()
  }

  /** Puts the partition out of use (R9). Damage is noted on disk: it outlives the process, until a person has seen to it. */
  setFault(error: unknown): void {
    const { context, folder, log, topic, topicId, index } = this.#state
    if (this.#state.fault !== null) return
    this.#state.fault = messageOf(error)
    this.#isDamaged ||= error instanceof LogError && error.code === 'LOG_CORRUPT'
    this.#state.leader = null
    this.#state.followed = null
    context.log.error({ topic, topicId, partition: index, error }, 'partition out of use')
    if (error instanceof LogError && error.code === 'LOG_CORRUPT') this.#writeFault(folder, context)
    log?.abandon()
    this.#appends.refuseAll(errors.KAFKA_STORAGE_ERROR, this.#state.fault)
    this.#changed()
  }

  #writeFault(folder: string, { disk, clock, log }: LogContext): void {
    const content: FaultContent = { reason: this.#state.fault!, foundMs: clock.wallMs() }
    try {
      writeStateFile(disk, `${folder}/fault`, kinds.fault, content)
    } catch (error) {
      log.warn({ folder, error }, 'cannot note the fault on disk; it will be found again')
    }
  }

  /** The log goes, or the process ends: nothing is led, nothing more is written. */
  close(): void {
    this.resign(-1)
    this.#state.log?.abandon()
  }

  #appended(): void {
    this.#host.noteWritten(this)
    this.#followerWatchers.tell(true)
  }

  #highWatermarkRose(): void {
    this.#followerWatchers.tell(false)
    this.#readers.tell()
  }

  /** What it was to become meanwhile it can be now. */
  #settled(): void {
    if (!this.isLeader) this.#host.noteIdle(this)
  }

  #changed(): void {
    this.#host.noteChanged(this)
    this.#notify()
  }

  #notify(): void {
    this.#followerWatchers.tell(true)
    this.#readers.tell()
  }
}

function isSameReport(one: PartitionReport, other: PartitionReport): boolean {
  const isSameEnd = one.lastEpoch === other.lastEpoch && one.endOffset === other.endOffset
  return one.leaderEpoch === other.leaderEpoch && one.fault === other.fault && isSameEnd
}

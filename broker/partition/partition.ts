// One replica of one partition on this broker: its face to handlers, the group coordinator and Partitions.
//
//   view.ts        what can be seen of it              appends.ts    produce requests, until they are acknowledged
//   leadership.ts  leads, follows, or neither          reads.ts      readers, below the high watermark
//   followers.ts   what its leader knows of the others  following.ts  what it does as one of them
//
// All of them share its state (state.ts).
import { errors, type Slab, type TopicSettings } from '@castellan/protocol'
import type { LogContext } from '../log/context.ts'
import { LogError } from '../log/errors.ts'
import type { Log } from '../log/log.ts'
import type { ReadRoom } from '../log/reader.ts'
import type { Sound } from '../log/salvage.ts'
import { Appends } from './appends.ts'
import { putOutOfUse } from './fault.ts'
import { Followers } from './followers.ts'
import { Following } from './following.ts'
import type { PartitionHost, PartitionIdentity } from './host.ts'
import { Leadership } from './leadership.ts'
import { Reads } from './reads.ts'
import { isSameReport, reportOf } from './report.ts'
import type { AppendResult, PartitionReport, ReadResult, TimestampOffset } from './results.ts'
import { newPartitionState, type PartitionState } from './state.ts'
import { PartitionView } from './view.ts'
import { Watchers } from './watchers.ts'

/** Hears that a follower has something to fetch (urgent), or to be told with its next answer (not urgent). */
export type FollowerWatcher = (isUrgent: boolean) => void

export class Partition extends PartitionView {
  readonly #state: PartitionState
  readonly #host: PartitionHost
  readonly #appends: Appends
  readonly #reads: Reads
  /** What it does as a follower. */
  readonly following: Following
  /** The leader's side of replication. */
  readonly followers: Followers
  /** What it does by Castle's word on who leads. */
  readonly leadership: Leadership
  readonly #readers = new Watchers()
  readonly #followerWatchers = new Watchers<boolean>()
  /** Given again while it says the same: so is seen quickly what of thousands has changed. */
  #reported: PartitionReport | undefined

  /** Only for Partitions. It has no log yet: see `attach` and `setFault`. */
  constructor(identity: PartitionIdentity, context: LogContext, host: PartitionHost) {
    const state = newPartitionState(identity, context)
    super(state)
    this.#state = state
    this.#host = host
    this.#reads = new Reads(this.#state, (error) => this.setFault(error))
    this.#appends = new Appends(this.#state, {
      onStaged: () => host.noteStaged(this),
      onWritten: () => this.#appended(),
      onHighWatermark: () => this.#highWatermarkRose(),
      onIdle: () => this.#idle(),
    })
    this.followers = new Followers(this.#state, this.#appends, {
      onOutsider: () => host.noteOutsider(this),
      onHandOver: () => host.noteHandOver(this),
    })
    this.leadership = new Leadership(this.#state, this.#appends, this.followers, {
      onEpoch: () => host.noteEpoch(this),
      onChanged: () => this.#changed(),
    })
    this.following = new Following(this.#state, {
      onWritten: () => host.noteWritten(this),
      onEpoch: () => host.noteEpoch(this),
      onMoved: () => {
        this.#host.noteHighWatermark()
        this.#notify()
      },
      onIdle: () => this.#idle(),
      onCutBelow: () => host.noteCutBelow(),
      onWhole: () => host.noteWhole(this),
      onFault: (error) => this.setFault(error),
    })
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

  report(): PartitionReport {
    const report = reportOf(this.#state)
    if (this.#reported === undefined || !isSameReport(this.#reported, report)) this.#reported = report
    return this.#reported
  }

  // ---------------------------------------------------------------- for Partitions

  /** `highWatermark`: what an earlier process knew. */
  attach(log: Log, isAnew: boolean, highWatermark = 0): void {
    this.#state.log = log
    this.#state.isAnew = isAnew
    this.#state.highWatermark = Math.max(log.startOffset, Math.min(highWatermark, log.endOffset))
    this.#state.fault = null
    this.#state.isDamaged = false
    this.#state.sound = null
  }

  /** What is sound of its damaged log was looked for, or may be another by now (null). */
  noteSound(sound: Sound | null): void {
    this.#state.sound = sound
    this.#host.noteChanged(this)
  }

  /** Nothing else is done with its log until it says that it is over: see `noteIdle`. */
  async alone(task: () => Promise<void>): Promise<void> {
    this.#state.isBusy = true
    try {
      await task()
    } finally {
      this.#state.isBusy = false
      this.#idle()
    }
  }

  /** What Castle says of its topic. The name, too: a power loss may have taken the file that had it. */
  configure(topic: string, settings: TopicSettings): void {
    const { followed, settings: before } = this.#state
    this.#state.topic = topic
    this.#state.settings = settings
    const mustSync = settings.flushMessages === 1 && before.flushMessages !== 1
    if (mustSync) this.followers.mustSync()
    this.#appends.resume()
    if (followed === null || !mustSync) return
    // What it has already is to be synced now, and its leader to hear that it is: it asks anew.
    this.#state.followed = { ...followed }
    this.#changed()
  }

  /** It has everything that is committed: it counts like any other replica. */
  noteWhole(): void {
    this.#state.isAnew = false
    this.#changed()
  }

  /** Its fault was found by an earlier process. */
  setKnownDamage(reason: string): void {
    this.#state.isDamaged = true
    this.setFault(new LogError('LOG_DISK', reason))
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

  /** Puts the partition out of use (R9). Damage is noted on disk: it outlives the process, until a person has seen to it. */
  setFault(error: unknown): void {
    if (this.#state.fault !== null) return
    const reason = putOutOfUse(this.#state, error)
    this.#appends.refuseAll(errors.KAFKA_STORAGE_ERROR, reason)
    this.#changed()
  }

  /** The log goes, or the process ends: nothing is led, nothing more is written. */
  close(): void {
    this.leadership.resign(-1)
    this.#state.log?.abandon()
  }

  #appended(): void {
    this.#host.noteWritten(this)
    this.#followerWatchers.tell(true)
  }

  #highWatermarkRose(): void {
    this.#host.noteHighWatermark()
    this.#followerWatchers.tell(false)
    this.#readers.tell()
  }

  /** What it was to become meanwhile it can be now. */
  #idle(): void {
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

// A partition that says what the test tells it to say: for handlers, which ask and wait.
import type { Slab } from '@castellan/protocol'
import type { ReadRoom } from '../log/reader.ts'
import type { FollowerFetch, FollowerId } from '../partition/followers.ts'
import type { AppendResult, EpochEnd, Partition, ReadResult, TimestampOffset } from '../partition/index.ts'
import { emptyRead } from '../partition/results.ts'

/** One append that waits to be acknowledged. */
export interface PendingAppend {
  readonly records: Uint8Array
  readonly acks: -1 | 0 | 1
  done(result?: Partial<AppendResult>): void
}

export class FakePartition {
  readonly topicId: string
  readonly topic: string
  readonly index: number
  isLeader = true
  leaderEpoch = 5
  fault: string | null = null
  knowsCommitted = true
  startOffset = 0
  highWatermark = 0
  endOfEpochs: EpochEnd = { epoch: 5, endOffset: 0 }
  timestamps: TimestampOffset | null = null
  readError = 0
  isCold = false
  readonly appends: PendingAppend[] = []
  readonly reads: { offset: number; maxBytes: number; isCold: boolean }[] = []
  /** Results that were handed out and not released. */
  unreleased = 0
  /** Whole batches: each one record, at the offset of its place. */
  readonly #batches: Uint8Array[] = []
  /** Followers that it knows, and what they said. */
  followerIds: number[] = []
  readonly fetched: { id: number; brokerEpoch: number; offset: number }[] = []
  readonly left: number[] = []
  readonly followers = {
    has: (id: number) => this.followerIds.includes(id),
    fetched: ({ id, brokerEpoch }: FollowerId, { fetchOffset, currentLeaderEpoch }: FollowerFetch) => {
      if (currentLeaderEpoch !== this.leaderEpoch) return false
      this.fetched.push({ id, brokerEpoch, offset: fetchOffset })
      return true
    },
    left: ({ id }: FollowerId) => void this.left.push(id),
  }
  readonly #watches = new Set<() => void>()
  readonly #followerWatches = new Set<(isUrgent: boolean) => void>()

  constructor(topicId: string, topic: string, index: number) {
    this.topicId = topicId
    this.topic = topic
    this.index = index
  }

  get endOffset(): number {
    return this.#batches.length
  }

  get toldHighWatermark(): number {
    return this.knowsCommitted ? this.highWatermark : -1
  }

  get watchers(): number {
    return this.#watches.size + this.#followerWatches.size
  }

  /** What handlers take. */
  get asPartition(): Partition {
    return this as unknown as Partition
  }

  /** Batches stand in the log, below the high watermark. */
  add(...batches: Uint8Array[]): void {
    this.#batches.push(...batches)
    this.highWatermark = this.#batches.length
    this.endOfEpochs = { epoch: this.leaderEpoch, endOffset: this.endOffset }
    this.changed()
  }

  /** Batches stand in the log, above the high watermark. */
  addUncommitted(...batches: Uint8Array[]): void {
    this.#batches.push(...batches)
    for (const listener of [...this.#followerWatches]) listener(true)
  }

  raiseHighWatermark(offset: number): void {
    this.highWatermark = offset
    for (const listener of [...this.#followerWatches]) listener(false)
    for (const listener of [...this.#watches]) listener()
  }

  changed(): void {
    for (const listener of [...this.#watches]) listener()
    for (const listener of [...this.#followerWatches]) listener(true)
  }

  append(records: Uint8Array, _slab: Slab | null, acks: -1 | 0 | 1, done: (result: AppendResult) => void): void {
    this.appends.push({
      records,
      acks,
      done: (result = {}) => done({ errorCode: 0, baseOffset: 0, logAppendTimeMs: -1, logStartOffset: 0, ...result }),
    })
  }

  read(offset: number, maxBytes: number, _epoch?: number, asFollower = false): ReadResult {
    this.reads.push({ offset, maxBytes, isCold: false })
    if (this.isCold) return { ...emptyRead(0, this.highWatermark, this.startOffset), cold: true }
    return this.#read(offset, maxBytes, asFollower)
  }

  async readCold(
    offset: number,
    maxBytes: number,
    _epoch?: number,
    room?: ReadRoom,
    asFollower = false,
  ): Promise<ReadResult> {
    this.reads.push({ offset, maxBytes, isCold: true })
    const leastBytes = this.#batches[offset]?.length ?? 0
    const granted = room?.take(leastBytes, Math.max(leastBytes, maxBytes)) ?? maxBytes
    if (granted === 0) return emptyRead(0, this.highWatermark, this.startOffset)
    return this.#read(offset, granted, asFollower)
  }

  async offsetForTimestamp(): Promise<TimestampOffset | null> {
    return this.timestamps
  }

  async offsetOfMaxTimestamp(): Promise<TimestampOffset | null> {
    return this.timestamps
  }

  endOfEpoch(): EpochEnd {
    return this.endOfEpochs
  }

  epochAt(): number {
    return this.leaderEpoch
  }

  watch(listener: () => void): () => void {
    this.#watches.add(listener)
    return () => void this.#watches.delete(listener)
  }

  watchAsFollower(listener: (isUrgent: boolean) => void): () => void {
    this.#followerWatches.add(listener)
    return () => void this.#followerWatches.delete(listener)
  }

  #read(offset: number, maxBytes: number, asFollower: boolean): ReadResult {
    if (this.readError !== 0) return emptyRead(this.readError)
    const chunks: Uint8Array[] = []
    let bytes = 0
    for (const batch of this.#batches.slice(offset, asFollower ? this.endOffset : this.highWatermark)) {
      if (bytes > 0 && bytes + batch.length > maxBytes) break
      chunks.push(batch)
      bytes += batch.length
    }
    if (bytes === 0) return emptyRead(0, this.highWatermark, this.startOffset)
    this.unreleased++
    let isReleased = false
    const release = () => {
      if (!isReleased) this.unreleased--
      isReleased = true
    }
    const { highWatermark, startOffset } = this
    return { errorCode: 0, chunks, bytes, highWatermark, startOffset, cold: false, release }
  }
}

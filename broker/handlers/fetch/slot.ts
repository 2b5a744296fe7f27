// One partition that a reader fetches: where it is there, what it was told, and whether there may be news for it.
import { errors, type FetchRequest } from '@castellan/protocol'
import { divergenceOf, type FollowerId, unknownFollowerError } from '../../partition/followers.ts'
import type { EpochEnd, Partition, ReadResult } from '../../partition/index.ts'
import { emptyRead } from '../../partition/results.ts'
import type { BrokerParts } from '../handler.ts'
import { checkEpoch, findLeader, findTopic, unknownTopicError } from '../lookup.ts'

export type AskedPartition = FetchRequest['topics'][number]['partitions'][number]

/** Who asks, and how topics are named. */
export interface Reader {
  /** Null: a consumer. */
  readonly follower: FollowerId | null
  readonly byId: boolean
}

export class Slot {
  readonly topic: string
  /** As asked; by name: that of the topic found last. */
  topicId: string
  #asked: AskedPartition
  /** The leader has heard what a follower says by its newest question. */
  #isHeard = false
  /** It stands in its session's list of news. */
  isListed = false
  /** The reader asks for it no more: nothing is read for it, and no follower is heard by it. */
  isClosed = false
  /** What the reader was told, for an answer of a session names only what changed; -1: nothing yet. */
  toldHighWatermark = -1
  toldStartOffset = -1
  readonly #reader: Reader
  readonly #onNews: (slot: Slot, isUrgent: boolean) => void
  #partition: Partition | null = null
  /** Look it up again: it was not there, or could not be read. */
  #isLost = true
  #isWatching = false
  #stopWatching: (() => void) | null = null

  constructor(
    topic: { readonly topic: string; readonly topicId: string },
    asked: AskedPartition,
    reader: Reader,
    onNews: (slot: Slot, isUrgent: boolean) => void,
  ) {
    this.topic = topic.topic
    this.topicId = topic.topicId
    this.#asked = asked
    this.#reader = reader
    this.#onNews = onNews
  }

  /** Its newest question. */
  get asked(): AskedPartition {
    return this.#asked
  }

  /** What the reader wants to know is another thing now. */
  ask(asked: AskedPartition): void {
    this.#asked = asked
    this.#isHeard = false
  }

  /**
   * Takes in what a follower says by asking: once for each question. One that came before this broker knew that it leads stands in the session
   * and is not put again: it is taken in when it can be answered. Else a follower of an idle partition would never be in sync.
   */
  note(broker: BrokerParts): void {
    const { follower } = this.#reader
    if (follower === null || this.isClosed || this.#isHeard || this.#find(broker) !== 0) return
    this.#isHeard = this.#partition?.followers.fetched(follower, this.asked) ?? false
  }

  /** `maxBytes` below 0: no room, only what else there is to tell. */
  read(broker: BrokerParts, maxBytes: number): ReadResult {
    const failure = this.#find(broker)
    const partition = this.#partition
    if (failure !== 0 || partition === null) return emptyRead(failure)
    const { asked } = this
    // The reader has followed a later leader: it shall look for that one, and not take this one's word (R3).
    if (asked.lastFetchedEpoch > partition.leaderEpoch) return this.#failed(errors.UNKNOWN_LEADER_EPOCH.code)
    const { fetchOffset, currentLeaderEpoch } = asked
    this.note(broker)
    if (maxBytes < 0) return emptyRead(0, partition.toldHighWatermark, partition.startOffset)
    const result = partition.read(fetchOffset, maxBytes, currentLeaderEpoch, this.#reader.follower !== null)
    if (result.errorCode !== 0) this.#isLost = true
    return result
  }

  /** For a follower: what it must have to be in sync; null: for a consumer, or it cannot be read. */
  get neededOffset(): number | null {
    return this.#reader.follower === null ? null : (this.#partition?.followers.neededOffset ?? null)
  }

  /** After a `read` that was cold. */
  readCold(maxBytes: number, room: Parameters<Partition['readCold']>[3]): Promise<ReadResult> {
    const { fetchOffset, currentLeaderEpoch } = this.asked
    const partition = this.#partition
    // The session let go of it while this read stood in line.
    if (partition === null) return Promise.resolve(emptyRead(errors.NOT_LEADER_OR_FOLLOWER.code))
    return partition.readCold(fetchOffset, maxBytes, currentLeaderEpoch, room, this.#reader.follower !== null)
  }

  /** Where this log and the reader's part, when the epoch that it read last ended elsewhere here; null: they agree, or cannot tell. */
  divergence(broker: BrokerParts): EpochEnd | null {
    const { asked } = this
    if (asked.lastFetchedEpoch < 0 || this.#find(broker) !== 0 || this.#partition === null) return null
    // Only the leader at the reader's own epoch may have it cut its log (R5).
    return checkEpoch(this.#partition, asked.currentLeaderEpoch) === 0 ? divergenceOf(this.#partition, asked) : null
  }

  /** Hears of news from now on. */
  watch(broker: BrokerParts): void {
    if (this.#isWatching) return
    this.#isWatching = true
    if (this.#find(broker) === 0) this.#watchPartition()
  }

  #watchPartition(): void {
    const partition = this.#partition
    if (partition === null || this.#stopWatching !== null) return
    this.#stopWatching =
      this.#reader.follower !== null
        ? partition.watchAsFollower((isUrgent) => this.#onNews(this, isUrgent))
        : partition.watch(() => this.#onNews(this, true))
  }

  /** Whether the partition went on since `result` was read, which nobody watched. */
  hasMovedOn({ highWatermark }: ReadResult): boolean {
    const partition = this.#partition
    return partition !== null && (partition.toldHighWatermark !== highWatermark || !partition.isLeader)
  }

  close(): void {
    this.isClosed = true
    this.#isWatching = false
    this.#unwatch()
    const { follower } = this.#reader
    if (follower !== null) this.#partition?.followers.left(follower)
    this.#partition = null
    this.#isLost = true
  }

  #unwatch(): void {
    this.#stopWatching?.()
    this.#stopWatching = null
  }

  #failed(errorCode: number): ReadResult {
    this.#isLost = true
    return emptyRead(errorCode)
  }

  /** Kafka's error code; 0: there is a partition. A topic may be made again, a replica may leave and come back. */
  #find(broker: BrokerParts): number {
    if (!this.#isLost) return 0
    const { follower, byId } = this.#reader
    const topic = findTopic(broker, this.topic, this.topicId, byId)
    if (topic === undefined) return unknownTopicError(broker, byId)
    this.topicId = topic.topicId
    const found = findLeader(broker, topic, this.asked.partition)
    if (typeof found === 'number') return found
    if (follower !== null && !found.followers.has(follower.id)) return unknownFollowerError
    this.#isLost = false
    if (found === this.#partition) return 0
    this.#unwatch()
    this.#partition = found
    this.#isHeard = false
    if (this.#isWatching) this.#watchPartition()
    return 0
  }
}

// What can be seen of a partition, at any moment and whatever it is doing.
import type { TopicSettings } from '@castellan/protocol'
import type { Log } from '../log/log.ts'
import type { Sound } from '../log/salvage.ts'
import { inSyncEndOffset } from './leader-state.ts'
import type { EpochEnd } from './results.ts'
import {
  type Followed,
  knownEpoch,
  knowsCommitted,
  type PartitionState,
  type Role,
  soundOf,
  toldHighWatermark,
} from './state.ts'

export class PartitionView {
  readonly #state: PartitionState

  constructor(state: PartitionState) {
    this.#state = state
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
    return knownEpoch(this.#state)
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

  /** Whether the high watermark has reached the start of this leader's epoch: from then on it says what is committed (R3). */
  get knowsCommitted(): boolean {
    return knowsCommitted(this.#state)
  }

  /** As readers and followers are told; -1: not known yet. */
  get toldHighWatermark(): number {
    return toldHighWatermark(this.#state)
  }

  /** Where leader epoch `epoch` ends in this log (KIP-101, R5). */
  endOfEpoch(epoch: number): EpochEnd {
    return this.#state.log?.endOfEpoch(epoch) ?? { epoch: -1, endOffset: -1 }
  }

  /** The leader epoch of the record at `offset`; -1: unknown. */
  epochAt(offset: number): number {
    return this.#state.log?.epochAt(offset) ?? -1
  }

  /** Leader only. What all have that are in sync. */
  get replicatedEndOffset(): number {
    const { leader } = this.#state
    // -1: a follower that has not fetched yet; it lacks nothing of an empty log.
    return leader === null ? this.endOffset : Math.max(0, inSyncEndOffset(leader, this.endOffset))
  }

  // ---------------------------------------------------------------- for Partitions

  get folder(): string {
    return this.#state.folder
  }

  get log(): Log | undefined {
    return this.#state.log
  }

  get settings(): TopicSettings {
    return this.#state.settings
  }

  /** Its log is being cut, or written to off the loop: where it ends is not certain, and it becomes nothing else until that is over. */
  get isBusy(): boolean {
    return this.#state.isBusy
  }

  /** Its fault is that the log is not what was written, and nothing but another replica can mend that (R9). */
  get isDamaged(): boolean {
    return this.#state.isDamaged
  }

  /** What is sound of a log that is damaged or fetched anew; null: not known (R9). */
  get sound(): Sound | null {
    return soundOf(this.#state)
  }
}

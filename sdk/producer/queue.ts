// What waits for one partition, and for the partitions of one topic: the batch that takes records, the line behind it, and
// when the next try may be made.
import type { Random } from '@castellan/protocol/runtime'
import { type ClusterView, isNewer, type PartitionView, type TopicView, unknownPartition } from '../kafka/view.ts'
import { ProducerBatch } from './batch.ts'
import { Line } from './line.ts'
import { type PartitionLoad, StickyPartitioner } from './partitioner.ts'

const capacityBytesMin = 1024

export class PartitionQueue {
  readonly topic: TopicView
  readonly partition: number
  readonly line = new Line<ProducerBatch>()
  /** Takes records; not in the line yet. */
  open: ProducerBatch | null = null
  /** The broker that what is in flight went to, at which leader epoch. */
  sentTo: PartitionView = unknownPartition
  /** Why nothing leaves, for people; null: nothing is wrong. */
  problem: string | null = null
  readonly #sticky: StickyPartitioner
  #failures = 0
  /** Where it failed last. */
  #failedAt: PartitionView = unknownPartition
  #notBeforeMs = 0
  #lastBytes = 0

  constructor(topic: TopicView, partition: number, sticky: StickyPartitioner) {
    this.topic = topic
    this.partition = partition
    this.#sticky = sticky
  }

  get isEmpty(): boolean {
    return this.open === null && this.line.waiting.length === 0
  }

  openBatch(sentAtMs: number, ticket: number): ProducerBatch {
    // About as large as the last one: most partitions are steady, and a batch that is too small grows.
    this.open = new ProducerBatch(this, sentAtMs, ticket, Math.max(capacityBytesMin, this.#lastBytes))
    return this.open
  }

  /** The open batch takes no more. */
  closeBatch(): void {
    if (this.open === null) return
    this.#lastBytes = this.open.bytes + 256
    this.line.append(this.open)
    this.open = null
    this.#sticky.closed(this.partition)
  }

  /**
   * The next try waits until `notBeforeMsOf` the number of failures in a row, unless a newer leader or ISR is known by then. Failures at
   * one that is newer count from the start: it did no wrong so far, and may only not have heard yet that it leads.
   */
  failed(notBeforeMsOf: (failures: number) => number, problem: string): void {
    this.#failures = isNewer(this.sentTo, this.#failedAt) ? 1 : this.#failures + 1
    this.#failedAt = this.sentTo
    this.#notBeforeMs = notBeforeMsOf(this.#failures)
    this.problem = problem
  }

  succeeded(): void {
    this.#failures = 0
    this.#notBeforeMs = 0
    this.problem = null
  }

  /** From when on a try at this leader may be made. */
  notBeforeMs(leader: PartitionView): number {
    return isNewer(leader, this.sentTo) ? 0 : this.#notBeforeMs
  }

  /** For the choice of a partition: a queue that fails counts as one that nobody leads. */
  load(view: ClusterView): PartitionLoad {
    const leader = this.topic.partitions[this.partition]?.leader ?? -1
    const queued = this.line.waiting.length + this.line.inFlight.length + (this.open === null ? 0 : 1)
    return { available: this.#failures === 0 && view.brokers.has(leader), queued }
  }
}

export class TopicQueues {
  readonly topic: TopicView
  /** Chooses the partition of messages without a key. */
  readonly sticky: StickyPartitioner
  readonly #queues: PartitionQueue[] = []

  constructor(topic: TopicView, view: ClusterView, random: Random) {
    this.topic = topic
    this.sticky = new StickyPartitioner(random, () => topic.partitions.map((_, index) => this.get(index).load(view)))
  }

  get(partition: number): PartitionQueue {
    while (this.#queues.length <= partition) {
      this.#queues.push(new PartitionQueue(this.topic, this.#queues.length, this.sticky))
    }
    return this.#queues[partition]!
  }
}

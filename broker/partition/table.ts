// The partitions of a broker, each in its place by topic and index, and what was applied last of each topic.
import type { TopicState } from '@castellan/protocol/heartbeat'
import type { Partition } from './partition.ts'

export class Table {
  /** The newest that was applied, by topic id. */
  readonly states = new Map<string, TopicState>()
  /** By topic id, then index. */
  readonly #topics = new Map<string, Map<number, Partition>>()

  get(topicId: string, index: number): Partition | undefined {
    return this.#topics.get(topicId)?.get(index)
  }

  /** Whether it is still in its place: another one may be there by now, or none. */
  has(partition: Partition): boolean {
    return this.get(partition.topicId, partition.index) === partition
  }

  /** In a stable order. */
  *all(): Generator<Partition, void, void> {
    for (const partitions of this.#topics.values()) yield* partitions.values()
  }

  /** Undefined: none, and never had one since the topic was deleted. */
  ofTopic(topicId: string): ReadonlyMap<number, Partition> | undefined {
    return this.#topics.get(topicId)
  }

  add(partition: Partition): void {
    const { topicId, index } = partition
    const partitions = this.#topics.get(topicId) ?? new Map<number, Partition>()
    this.#topics.set(topicId, partitions)
    partitions.set(index, partition)
  }

  remove({ topicId, index }: Partition): void {
    this.#topics.get(topicId)?.delete(index)
  }

  removeTopic(topicId: string): void {
    this.#topics.delete(topicId)
  }
}

// What Castle last said of this cluster: its brokers, its topics, who leads. In memory; Castle says it again to each new
// process. Keyed by topic id (R13): a topic made again under an old name is another topic.
import type { ClusterState, PartitionState, TopicState } from '@castellan/protocol/heartbeat'
import type { Clock } from '@castellan/protocol/runtime'

export type BrokerAddress = ClusterState['brokers'][number]

interface Waiting {
  readonly condition: () => boolean
  readonly settle: (held: boolean) => void
}

export class Metadata {
  readonly #clock: Clock
  readonly #topics = new Map<string, TopicState>()
  readonly #idByName = new Map<string, string>()
  readonly #brokers = new Map<number, BrokerAddress>()
  readonly #listeners = new Set<() => void>()
  readonly #waiting = new Set<Waiting>()
  #isLookComing = false
  #cluster: ClusterState | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Undefined until Castle has spoken. */
  get cluster(): ClusterState | undefined {
    return this.#cluster
  }

  /** A topic that exists, by id (36 characters) or by name. */
  topic(idOrName: string): TopicState | undefined {
    const byId = this.#topics.get(idOrName)
    if (byId) return byId
    const id = this.#idByName.get(idOrName)
    return id === undefined ? undefined : this.#topics.get(id)
  }

  /** For names alone: a name may look like an id. */
  topicNamed(name: string): TopicState | undefined {
    const id = this.#idByName.get(name)
    return id === undefined ? undefined : this.#topics.get(id)
  }

  topicWithId(topicId: string): TopicState | undefined {
    return this.#topics.get(topicId)
  }

  /** All topics that exist, in the order in which this broker heard of them. */
  topics(): Iterable<TopicState> {
    return this.#topics.values()
  }

  partition(topicId: string, index: number): PartitionState | undefined {
    return this.#topics.get(topicId)?.partitions[index]
  }

  /** A living broker; undefined: down, or unknown. */
  broker(id: number): BrokerAddress | undefined {
    return this.#brokers.get(id)
  }

  setCluster(cluster: ClusterState): void {
    this.#cluster = cluster
    this.#brokers.clear()
    for (const broker of cluster.brokers) this.#brokers.set(broker.id, broker)
    this.#changed()
  }

  /** Takes a topic's newest state in; a recorded deletion removes it. */
  setTopic(topic: TopicState): void {
    const before = this.#topics.get(topic.topicId)
    if (before && this.#idByName.get(before.name) === topic.topicId) this.#idByName.delete(before.name)
    if (topic.deleted) {
      this.#topics.delete(topic.topicId)
    } else {
      this.#topics.set(topic.topicId, topic)
      this.#idByName.set(topic.name, topic.topicId)
    }
    this.#changed()
  }

  /** Calls `listener` after each change; returns how to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /**
   * Resolves true at the end of a turn in which `condition` came to hold, false when `timeoutMs` passed first. It is looked at once a turn, however
   * many topics change in it: a leader's death changes all that it led while many clients wait, each of them for all topics.
   */
  when(condition: () => boolean, timeoutMs: number): Promise<boolean> {
    if (condition()) return Promise.resolve(true)
    return new Promise((resolve) => {
      const settle = (held: boolean) => {
        timer.cancel()
        this.#waiting.delete(waiting)
        resolve(held)
      }
      const timer = this.#clock.after(timeoutMs, () => settle(condition()))
      const waiting = { condition, settle }
      this.#waiting.add(waiting)
    })
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
    if (this.#waiting.size > 0) this.#lookSoon()
  }

  #lookSoon(): void {
    if (this.#isLookComing) return
    this.#isLookComing = true
    this.#clock.soon(() => {
      this.#isLookComing = false
      for (const { condition, settle } of this.#waiting) if (condition()) settle(true)
    })
  }
}

// What this client knows of a cluster: brokers, topics by id and by name, and who leads each partition at which epoch.
//
// Three sources tell it: Metadata answers, Castle's subjects, and the currentLeader fields of Produce and Fetch answers
// (KIP-951). They arrive in any order, so the higher leader epoch of a topic id wins, whoever said it.
import type { ClusterState, TopicState } from '@castellan/protocol/heartbeat'
import type { Address } from '@castellan/protocol/runtime'

export type AckLevel = -1 | 1 | 0

export interface BrokerView extends Address {
  readonly id: number
  readonly rack: string | null
}

export interface PartitionView {
  /** Broker id; -1: none leads. */
  readonly leader: number
  /** -1: not known. */
  readonly leaderEpoch: number
  /** Rises with each change of leader or ISR; only Castle tells it. -1: not known. */
  readonly partitionEpoch: number
}

/** Who leads, as answers of brokers say it: without the partition's epoch. */
export type LeaderUpdate = Pick<PartitionView, 'leader' | 'leaderEpoch'>

/** Whether what failed at `before` may go well at `now`: another leads, or its ISR is another. */
export function isNewer(now: PartitionView, before: PartitionView): boolean {
  return now.leaderEpoch > before.leaderEpoch || now.partitionEpoch > before.partitionEpoch
}

/** One topic id. The object stays the same while the topic lives, so holders see its leaders and settings change. */
export interface TopicView {
  readonly id: string
  readonly name: string
  readonly partitions: readonly PartitionView[]
  /** Null: nobody told yet. */
  readonly ackLevel: AckLevel | null
  /** Kafka's names; only what Castle told, which leaves out defaults. */
  readonly configs: Readonly<Record<string, string>>
  /** Deleted, or its name went to another topic id. */
  readonly gone: boolean
}

/** A topic as a Metadata answer tells it. */
export interface TopicUpdate {
  readonly id: string
  readonly name: string
  readonly partitions: readonly (LeaderUpdate & { readonly partition: number })[]
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] }
type Topic = Mutable<Omit<TopicView, 'partitions'>> & { partitions: PartitionView[] }

const endedTopicsMax = 1000
/** Nobody is known to lead. */
export const unknownPartition: PartitionView = Object.freeze({ leader: -1, leaderEpoch: -1, partitionEpoch: -1 })

export class ClusterView {
  /** Castle says that this broker is down, or another process by now: its connections may never say so themselves. */
  onBrokerEnded: (broker: BrokerView) => void = () => {}
  readonly #brokers = new Map<number, BrokerView>()
  /** As Castle told them last. */
  #brokerEpochs: ReadonlyMap<number, number> = new Map()
  readonly #byId = new Map<string, Topic>()
  readonly #byName = new Map<string, Topic>()
  readonly #listeners = new Set<() => void>()
  /** Topic ids that ended: a broker that is behind must not bring them back. The oldest are forgotten. */
  readonly #ended = new Set<string>()
  #castleTold = false

  /** Those that are up, as far as is known. */
  get brokers(): ReadonlyMap<number, BrokerView> {
    return this.#brokers
  }

  topic(name: string): TopicView | undefined {
    return this.#byName.get(name)
  }

  topicById(id: string): TopicView | undefined {
    return this.#byId.get(id)
  }

  /** The leader of a partition, or undefined where none is known. */
  leader(topicId: string, partition: number): PartitionView | undefined {
    const view = this.#byId.get(topicId)?.partitions[partition]
    return view === undefined || view.leader < 0 ? undefined : view
  }

  /** Calls `listener` after each change. Returns how to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  // ------------------------------------------------------------ sources

  /** A Metadata answer. It may come from a broker that is behind, so it takes no broker away that Castle named. */
  tellMetadata(brokers: readonly BrokerView[], topics: readonly TopicUpdate[]): void {
    if (!this.#castleTold) this.#brokers.clear()
    for (const broker of brokers) this.#brokers.set(broker.id, broker)
    for (const update of topics) {
      if (this.#ended.has(update.id)) continue
      const topic = this.#take(update.id, update.name)
      for (const { partition, ...leader } of update.partitions) setLeader(topic, partition, leader, -1)
    }
    this.#changed()
  }

  /** @internal Castle's subject `cluster/..`: exactly the brokers that are up. */
  tellCluster(state: ClusterState): void {
    this.#castleTold = true
    const epochs = new Map(state.brokers.map(({ id, brokerEpoch }) => [id, brokerEpoch]))
    const ended = [...this.#brokerEpochs].filter(([id, epoch]) => epochs.get(id) !== epoch)
    for (const [id] of ended) if (this.#brokers.has(id)) this.onBrokerEnded(this.#brokers.get(id)!)
    this.#brokerEpochs = epochs
    this.#brokers.clear()
    for (const { id, host, port, rack } of state.brokers) this.#brokers.set(id, { id, host, port, rack })
    this.#changed()
  }

  /** @internal Castle's subject `topic/..`. */
  tellTopic(state: TopicState): void {
    if (state.deleted) {
      this.#drop(state.topicId)
    } else {
      const topic = this.#take(state.topicId, state.name)
      topic.ackLevel = state.ackLevel
      topic.configs = state.configs
      for (const [partition, { leader, leaderEpoch, partitionEpoch }] of state.partitions.entries()) {
        setLeader(topic, partition, { leader, leaderEpoch }, partitionEpoch)
      }
    }
    this.#changed()
  }

  /** A currentLeader field (KIP-951); `broker` is its endpoint where the answer has it. False: known already. */
  tellLeader(topicId: string, partition: number, leader: LeaderUpdate, broker?: BrokerView): boolean {
    const topic = this.#byId.get(topicId)
    if (broker !== undefined && !this.#brokers.has(broker.id)) this.#brokers.set(broker.id, broker)
    if (topic === undefined || !setLeader(topic, partition, leader, -1)) return false
    this.#changed()
    return true
  }

  /** Some answer named a broker that was not known. */
  tellBroker(broker: BrokerView): void {
    this.#brokers.set(broker.id, broker)
    this.#changed()
  }

  // ------------------------------------------------------------ inside

  #take(id: string, name: string): Topic {
    let topic = this.#byId.get(id)
    if (topic === undefined) {
      topic = { id, name, partitions: [], ackLevel: null, configs: {}, gone: false }
      this.#byId.set(id, topic)
    }
    const before = this.#byName.get(name)
    if (before !== undefined && before !== topic) this.#drop(before.id)
    this.#byName.set(name, topic)
    return topic
  }

  #drop(id: string): void {
    const topic = this.#byId.get(id)
    if (topic === undefined) return
    topic.gone = true
    this.#byId.delete(id)
    if (this.#byName.get(topic.name) === topic) this.#byName.delete(topic.name)
    this.#ended.add(id)
    for (const oldest of this.#ended) {
      if (this.#ended.size <= endedTopicsMax) break
      this.#ended.delete(oldest)
    }
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}

/** True when it is news. */
function setLeader(
  topic: Topic,
  partition: number,
  { leader, leaderEpoch }: LeaderUpdate,
  partitionEpoch: number,
): boolean {
  while (topic.partitions.length <= partition) topic.partitions.push(unknownPartition)
  const known = topic.partitions[partition]!
  const isWinner = wins(known, leader, leaderEpoch)
  if (!isWinner && partitionEpoch <= known.partitionEpoch) return false
  topic.partitions[partition] = {
    ...(isWinner ? { leader, leaderEpoch } : known),
    partitionEpoch: Math.max(partitionEpoch, known.partitionEpoch),
  }
  return true
}

function wins(known: PartitionView, leader: number, leaderEpoch: number): boolean {
  if (leaderEpoch > known.leaderEpoch) return true
  if (leaderEpoch < known.leaderEpoch) return false
  // Within an epoch the leader does not change; a broker that sees it down says -1, which is no news about who leads.
  return known.leader < 0 && leader >= 0
}

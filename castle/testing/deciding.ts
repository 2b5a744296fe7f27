// Castle as the model of replicas.ts has it: its real decisions of one partition over a real store, without heartbeats. Started again, it
// knows what was stored and nothing that was reported.
import type { AlteredIsr, PartitionState } from '@castellan/protocol/heartbeat'
import { nodeRuntime, silentLogger } from '@castellan/protocol/runtime'
import { callDown, register } from '../brokers/registration.ts'
import { BrokerReports } from '../brokers/reports.ts'
import { reviewReport } from '../brokers/review.ts'
import { alterIsr } from '../election/alter-isr.ts'
import { electAsked, electPreferred } from '../election/asked.ts'
import { dropHandOvers, handOver } from '../election/hand-over.ts'
import { Changes } from '../state/changes.ts'
import type { Draft } from '../state/draft.ts'
import type { Topic } from '../state/entities.ts'
import type { Store } from '../store/store.ts'
import { brokerIds, type Proposal, type Question, type Replica, topicId } from './replica.ts'

type Outcome = AlteredIsr['partitions'][number]

export interface DecidingOptions {
  /** The store as a new process of Castle opens it. */
  readonly openStore: () => Promise<Store>
  readonly unclean: boolean
  readonly doubt: boolean
  readonly ackLevel: -1 | 1
  readonly onChange: (before: Topic, after: Topic) => void
}

export class Deciding {
  readonly #options: DecidingOptions
  #store!: Store
  #changes!: Changes
  #reports = new BrokerReports()

  constructor(options: DecidingOptions) {
    this.#options = options
  }

  /** A new process. */
  async start(): Promise<void> {
    const { openStore, onChange } = this.#options
    await this.#store?.close()
    this.#store = await openStore()
    this.#reports = new BrokerReports()
    this.#changes = await Changes.open({
      store: this.#store,
      clock: nodeRuntime().clock,
      log: silentLogger,
      decisionsMax: 20,
      onApplied: (applied) => {
        for (const { change, before } of applied) {
          if (change.kind === 'topic' && change.entity !== null && before !== undefined)
            onChange(before as Topic, change.entity)
        }
      },
      onEpochRaised: () => {},
      onReplaced: () => {},
    })
  }

  async close(): Promise<void> {
    await this.#changes.close()
    await this.#store.close()
  }

  get topic(): Topic {
    return this.#changes.state.get('topic', topicId) as Topic
  }

  get partition(): PartitionState {
    return this.topic.partitions[0] as PartitionState
  }

  async register(replica: Replica): Promise<void> {
    if (!replica.alive) return
    const { id, process: incarnation, report } = replica
    if (this.#reports.put(id, report).size > 0) replica.isNews = true
    const broker = await this.#changes.change((draft) => {
      return register(draft, this.#reports, { id, incarnation, brokerEpochHeld: 0, report }, 'test')
    })
    replica.brokerEpoch = broker?.brokerEpoch ?? replica.brokerEpoch
  }

  async report(replica: Replica): Promise<void> {
    if (!this.isRegistered(replica)) return
    const { id, report } = replica
    const isNews = this.#reports.put(id, report).size > 0 || replica.isNews
    replica.isNews = false
    const news = new Set(isNews ? [topicId] : [])
    await this.#changes.change((draft) => reviewReport(draft, this.#reports, id, report, news))
  }

  /** Castle speaks to registered processes only. */
  isRegistered({ id, process, alive }: Replica): boolean {
    const broker = this.#changes.state.get('broker', String(id))
    return alive && broker?.up === true && broker.incarnation === process
  }

  isKnown({ id }: Replica): boolean {
    return this.#changes.state.get('broker', String(id)) !== undefined
  }

  async callDown({ id }: Replica): Promise<void> {
    const broker = this.#changes.state.get('broker', String(id))
    if (broker !== undefined)
      await this.#changes.change((draft) => callDown(draft, this.#reports, [{ ...broker, why: 'test' }]))
  }

  async alterIsr({ brokerId, brokerEpoch, ...proposal }: Proposal): Promise<Outcome | undefined> {
    const args = { brokerEpoch, partitions: [{ topicId, partition: 0, ...proposal }] }
    const { partitions } = await this.#changes.change((draft) => alterIsr(draft, this.#reports, brokerId, args))
    return partitions[0]
  }

  async handOver({ brokerId, brokerEpoch, ...question }: Question): Promise<Outcome | undefined> {
    const args = { brokerEpoch, partitions: [{ topicId, partition: 0, ...question }] }
    const { partitions } = await this.#changes.change((draft) => handOver(draft, this.#reports, brokerId, args))
    return partitions[0]
  }

  async dropHandOver(): Promise<void> {
    if (this.partition.next === undefined) return
    await this.#changes.change((draft) => dropHandOvers(draft, new Map([[topicId, [0]]])))
  }

  async electPreferred(): Promise<void> {
    await this.#changes.change((draft) => electPreferred(draft, this.#reports, new Map([[topicId, [0]]])))
  }

  /** By a person, whatever is lost. */
  async electUnclean(): Promise<void> {
    const args = { type: 'unclean' as const, partitions: [{ topic: 'orders', partition: 0 }] }
    await this.#changes.change((draft) => electAsked(draft, this.#reports, 'c', args))
  }

  async makeTopic(): Promise<void> {
    await this.#changes.change((draft) => this.#putTopic(draft))
  }

  #putTopic(draft: Draft): void {
    const { unclean, doubt, ackLevel } = this.#options
    const replicas = brokerIds
    draft.put('topic', {
      ...{ topicId, name: 'orders', cluster: 'c', internal: false, ackLevel },
      ...{ description: '', owner: '', labels: {}, deleted: false, holders: [], createdMs: 0 },
      configs: unclean ? { 'unclean.leader.election.enable': 'true' } : {},
      partitions: [{ leader: 1, leaderEpoch: 0, partitionEpoch: 0, replicas, isr: replicas }],
      version: draft.nextVersion(),
      ...(doubt ? { doubt: { sinceMs: 0, why: 'test' } } : {}),
    })
  }
}

// Reads what Castle writes down, the moment that it is durable: who leads, who is in sync, what was given up, which broker has which
// logs; and keeps older stores, for Castle to be restored from.
import type { Committed } from '@castellan/testing/simulator'
import type { Loss, Message } from '../checkers/index.ts'
import type { Cluster } from './cluster.ts'
import { endOfLog, epochOf, folderOf, messagesIn } from './disk-logs.ts'
import { nameOf, offsetsTopic, planOf } from './topics.ts'

interface PartitionEntity {
  readonly leader: number
  readonly leaderEpoch: number
  readonly partitionEpoch: number
  readonly replicas: readonly number[]
  readonly removing?: readonly number[]
  readonly isr: readonly number[]
  readonly elr?: readonly number[]
  readonly salvage?: { readonly brokerId: number; readonly endOffset: number }
}

/** What this reads of Castle's entities (castle/state/entities.ts). */
export interface TopicEntity {
  readonly topicId: string
  readonly name: string
  readonly deleted: boolean
  readonly partitions: readonly PartitionEntity[]
  /** The store went back, and not all that brokers know of it is in there yet (R14). */
  readonly doubt?: object
  readonly losses?: readonly LossEntity[]
}

interface LossEntity {
  readonly number: number
  readonly partition: number
  readonly leaderEpoch: number
  /** Who leads now. */
  readonly to: number
  /** Who could have led without a loss; none: all of them had stopped uncleanly. */
  readonly from: readonly number[]
  readonly messagesMax: number | null
}

interface BrokerEntity {
  readonly id: number
  readonly up: boolean
  readonly logsId?: string
}

/** A coordinator that lost what it knew is behind until the sessions that it does not know have run out, and a little more. */
const coordinatorBehindMs = 15_000

export class CastleWatch {
  readonly topics = new Map<string, TopicEntity>()
  /** The newest that any Castle decided of each partition, by topic id: a store that went back forgets it, and brokers do not (R14). */
  readonly newest = new Map<string, { readonly name: string; readonly partitions: PartitionEntity[] }>()
  readonly logsIds = new Map<number, string | undefined>()
  /** Partitions for which a person asked for a leader that may lack something. */
  readonly acceptedLosses = new Set<string>()
  /** Older stores, with the time at which they were the newest. */
  readonly snapshots: { readonly atMs: number; readonly entries: ReadonlyMap<string, string>; castleEpoch: number }[] =
    []
  readonly #cluster: Cluster
  /** Brokers that are up, as Castle has it. */
  readonly #up = new Set<number>()
  /** As written down, with the topic. */
  readonly #lossesSeen = new Set<string>()

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  readonly onCommit = (changes: readonly Committed[]): void => {
    for (const { key, value } of changes) {
      const [kind, id = ''] = key.split('/')
      if (kind === 'topic') this.#onTopic(id, value === null ? null : JSON.parse(value))
      else if (kind === 'broker' && value !== null) this.#onBroker(JSON.parse(value))
      else if (kind === 'decision' && value !== null) this.#cluster.coverage.count(`decided: ${JSON.parse(value).kind}`)
    }
  }

  keepSnapshot(): void {
    const { castleDisk, scheduler } = this.#cluster
    const { entries, castleEpoch } = castleDisk
    this.snapshots.push({ atMs: scheduler.nowMs, entries: new Map(entries), castleEpoch })
  }

  /** The store goes back to what it was; to nothing, without a snapshot. Castle must be down. */
  restore(snapshot: CastleWatch['snapshots'][number] | undefined): void {
    const { castleDisk, recorder } = this.#cluster
    castleDisk.entries.clear()
    for (const [key, value] of snapshot?.entries ?? []) castleDisk.entries.set(key, value)
    castleDisk.castleEpoch = snapshot?.castleEpoch ?? 0
    recorder.castleWentBack(snapshot?.atMs ?? 0)
  }

  #onBroker({ id, up, logsId }: BrokerEntity): void {
    this.logsIds.set(id, logsId)
    if (up) return void this.#up.add(id)
    // Called down: to R2 that is its death, whenever the cut began. It leads on, unknowing, for as long as its followers' last word permits.
    if (this.#up.delete(id)) this.#noteDeath(`broker-${id}`)
  }

  #noteDeath(machine: string): void {
    const { recorder, scheduler } = this.#cluster
    recorder.troubles.push({ machines: [machine], fromMs: scheduler.nowMs, untilMs: scheduler.nowMs })
  }

  #onTopic(id: string, topic: TopicEntity | null): void {
    if (topic === null || topic.deleted) return this.#forget(id)
    this.topics.set(id, topic)
    const before = this.newest.get(id)?.partitions ?? []
    const partitions = topic.partitions.map((one, index) => newerOf(before[index], one))
    this.newest.set(id, { name: topic.name, partitions })
    const { recorder, scheduler } = this.#cluster
    for (const [index, { leader, leaderEpoch }] of topic.partitions.entries()) {
      if (leader < 0) continue
      const partition = nameOf(topic.name, index)
      recorder.leaderships.push({ partition, leaderEpoch, broker: leader, process: null, atMs: scheduler.nowMs })
    }
    for (const loss of topic.losses ?? []) this.#onLoss(topic, loss)
  }

  #forget(id: string): void {
    this.topics.delete(id)
    this.newest.delete(id)
  }

  /** Counted by Castle (R7, R8). Whether it is permitted is for the run to say. */
  #onLoss(topic: TopicEntity, loss: LossEntity): void {
    // A store that went back may tell of it again, and counts anew.
    const what = `${topic.topicId} ${JSON.stringify(loss)}`
    if (this.#lossesSeen.has(what)) return
    this.#lossesSeen.add(what)
    // What is synced before it is acknowledged survives: Castle cannot know that, and counts it; the checkers excuse nothing.
    const plan = planOf(topic.name)
    if (loss.from.length === 0 && plan?.mayLose === 'never') return
    // The last one in sync lost power before anybody knew that it was the last: R8. The one that died before it kept what was acknowledged
    // at Ack -1, which Castle cannot know either; and of what was acknowledged at Ack 1, R2 says enough.
    const { hasLost, allLostPower } = this.#cluster.damage
    // A person who would not wait for those that are away has given up what they have.
    const isAsked = this.acceptedLosses.has(nameOf(topic.name, loss.partition))
    const isLastsOwn = loss.from.length === 0 && hasLost && !allLostPower && !isAsked
    const keepsAll =
      plan === undefined ? topic.name === offsetsTopic : plan.mayLose !== 'unclean' && plan.replicationFactor > 1
    if (isLastsOwn && keepsAll) return
    const { partition, leaderEpoch, to } = loss
    const name = `broker-${to}`
    // It may have lost power since it said where its log ends: of that loss Castle knows nothing yet.
    const messagesMax = this.#cluster.broker(name) === undefined ? null : loss.messagesMax
    this.#noteLoss(topic, partition, { leaderEpoch, name, messagesMax, why: this.#whyOf(topic.name, loss) })
  }

  /**
   * The leader epoch under which it was written, where a leader that was passed over may have acknowledged it: alone in sync, which is enough
   * for a partition of fewer than three replicas, and cut off, it goes on until it hears of the other, and that is lost with what was counted.
   */
  epochOf(written: Message & { readonly topic: string; readonly partition: number; readonly offset: number }) {
    const { recorder, brokerNames } = this.#cluster
    const partition = nameOf(written.topic, written.partition)
    if (!recorder.losses.some((loss) => loss.partition === partition)) return undefined
    const topic = [...this.topics.values()].find(({ name }) => name === written.topic)
    if (topic === undefined || planOf(topic.name)?.mayLose !== 'unclean') return undefined
    const { replicas = [], removing = [] } = topic.partitions[written.partition] ?? {}
    if (replicas.length - removing.length > 2) return undefined
    const folder = folderOf(topic.topicId, written.partition)
    // A repeat stands at the same offset under a later one, where it does.
    const epochs = brokerNames.flatMap((name) => epochOf(this.#cluster.machine(name).platters, folder, written) ?? [])
    return epochs.length === 0 ? undefined : Math.max(...epochs)
  }

  /** The disk of a partition's only replica lost something, at this moment. */
  noteOnlyReplicaLost(topic: TopicEntity, index: number, name: string, why: string): void {
    const partition = nameOf(topic.name, index)
    const epochs = this.#cluster.recorder.leaderships.filter((one) => one.partition === partition)
    // What is written from now on, is written under a higher one than ever before (R5).
    const leaderEpoch = 1 + Math.max(-1, ...epochs.map((one) => one.leaderEpoch))
    this.#noteLoss(topic, index, { leaderEpoch, name, messagesMax: null, why })
  }

  #noteLoss(
    { topicId, name: topic, partitions }: TopicEntity,
    index: number,
    { name, ...loss }: Pick<Loss, 'leaderEpoch' | 'messagesMax' | 'why'> & { readonly name: string },
  ): void {
    const { recorder, scheduler, coverage } = this.#cluster
    const { salvage } = partitions[index] ?? {}
    const atMs = scheduler.nowMs
    const partition = nameOf(topic, index)
    const { platters } = this.#cluster.machine(name)
    const folder = folderOf(topicId, index)
    // Of a damaged log only what is sound stays, whatever stands behind that.
    const cutAt = salvage?.endOffset ?? Number.POSITIVE_INFINITY
    const endOffset = Math.min(cutAt, endOfLog(platters, folder))
    const all = planOf(topic) === undefined ? null : messagesIn(platters, folder)
    const kept = all === null ? null : new Map([...all].filter(([offset]) => offset < cutAt))
    coverage.count('a loss was counted')
    scheduler.trace(() => `loss of ${partition} from ${endOffset} at epoch ${loss.leaderEpoch}: ${loss.why}`)
    recorder.losses.push({ ...loss, partition, atMs, endOffset, kept })
    if (topic !== offsetsTopic) return
    for (const group of ['workers', 'watchers']) {
      recorder.coordinatorLosses.push({ group, atMs, untilMs: atMs + coordinatorBehindMs })
    }
  }

  #whyOf(topic: string, { from, partition }: LossEntity): string | null {
    if (this.acceptedLosses.has(nameOf(topic, partition))) return 'a person asked for it (R7)'
    const { damage } = this.#cluster
    const plan = planOf(topic)
    if (from.length === 0 && damage.allLostPower) return 'all lost power (R8)'
    if (from.length === 0 && damage.hasLost && plan?.replicationFactor === 1) return 'its only replica lost power (R8)'
    if (plan?.mayLose === 'unclean') return 'unclean election (R7)'
    return null
  }
}

function newerOf(known: PartitionEntity | undefined, one: PartitionEntity): PartitionEntity {
  if (known === undefined) return one
  const later = one.leaderEpoch - known.leaderEpoch || one.partitionEpoch - known.partitionEpoch
  return later >= 0 ? one : known
}

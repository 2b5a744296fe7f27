// A model of one partition's replicas and of the Castle that elects among them: real decisions over a real store, brokers that follow
// Kafka's rules on logs of a few entries, and an order of events that chance chooses. Brokers die, lose what was not synced, are called dead
// while they live, hear late of everything; Castle is restarted. After each event invariants.ts checks what must never happen.
import type { BrokerReport, PartitionState } from '@castellan/protocol/heartbeat'
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
import { type Entry, Invariants } from './invariants.ts'
import type { SeededRandom } from './world.ts'

/** What a leader knows; gone with its process or its epoch. */
interface Leading {
  readonly epoch: number
  /** Its end when the epoch began. */
  readonly start: number
  confirmed: PartitionState
  proposed: number[] | null
  /** Where followers' logs end, as they fetched at this epoch. */
  readonly ends: Map<number, number>
  highWatermark: number
  /** Another is to lead: appends are held; Castle was told; or it took too long. */
  handOver: 'holding' | 'asked' | 'lapsed' | null
}

interface Question {
  readonly brokerId: number
  readonly brokerEpoch: number
  readonly leaderEpoch: number
  readonly partitionEpoch: number
}

interface Replica {
  readonly id: number
  alive: boolean
  incarnation: number
  logsId: number
  brokerEpoch: number
  stopping: boolean
  /** `rebuilding`: its damaged log was put aside, and it has not yet fetched all of it again. */
  fault: 'none' | 'damaged' | 'rebuilding'
  log: Entry[]
  /** The newest that it was told. */
  view: PartitionState | undefined
  leading: Leading | undefined
  /** It reported something that Castle has not looked at. */
  isNews: boolean
}

interface Proposal {
  readonly brokerId: number
  readonly brokerEpoch: number
  readonly leaderEpoch: number
  readonly partitionEpoch: number
  readonly isr: { brokerId: number; brokerEpoch: number }[]
}

const topicId = '00000000-0000-4000-8000-000000000001'
const ids = [1, 2, 3]

export interface ModelOptions {
  readonly random: SeededRandom
  /** The store as a new process of Castle opens it. */
  readonly openStore: () => Promise<Store>
  readonly unclean?: boolean
  readonly doubt?: boolean
  /** The topic's, default -1. At 1 a leader acknowledges what it has, and only the death of a leader may lose it (R2). */
  readonly ackLevel?: -1 | 1
}

export class ReplicasModel {
  readonly counts: Record<string, number> = {}
  readonly #options: ModelOptions
  readonly #replicas: Replica[]
  #store!: Store
  #changes!: Changes
  #reports = new BrokerReports()
  /** Proposals on their way. */
  #proposals: Proposal[] = []
  /** What leaders that hand over tell, on its way. */
  #questions: Question[] = []
  #entries = 0
  readonly #invariants: Invariants

  static async start(options: ModelOptions): Promise<ReplicasModel> {
    const model = new ReplicasModel(options)
    await model.startCastle()
    for (const replica of model.#replicas) await model.#register(replica)
    await model.#changes.change((draft) => model.#makeTopic(draft))
    return model
  }

  private constructor(options: ModelOptions) {
    this.#options = options
    const { unclean = false, doubt = false } = options
    this.#invariants = new Invariants({
      unclean,
      doubt,
      ackLevel: this.#ackLevel,
      onElected: () => this.#count('elected'),
    })
    this.#replicas = ids.map((id) => {
      const flags = { alive: true, stopping: false, fault: 'none' as const, isNews: false }
      return { id, incarnation: 1, logsId: 1, brokerEpoch: 0, log: [], view: undefined, leading: undefined, ...flags }
    })
  }

  /** Castle as a new process: it knows what was stored, and nothing that was reported. */
  async startCastle(): Promise<void> {
    await this.#store?.close()
    this.#store = await this.#options.openStore()
    this.#reports = new BrokerReports()
    this.#changes = await Changes.open({
      store: this.#store,
      clock: nodeRuntime().clock,
      log: silentLogger,
      decisionsMax: 20,
      onApplied: (applied) => {
        for (const { change, before } of applied) {
          if (change.kind === 'topic' && change.entity !== null && before !== undefined)
            this.#invariants.checkChange(before as Topic, change.entity)
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

  get partition(): PartitionState {
    return this.#topic.partitions[0] as PartitionState
  }

  get losses(): number {
    return this.#topic.losses?.at(-1)?.number ?? 0
  }

  get #ackLevel(): -1 | 1 {
    return this.#options.ackLevel ?? -1
  }

  get #topic(): Topic {
    return this.#changes.state.get('topic', topicId) as Topic
  }

  /** One event that chance chooses. */
  async step(): Promise<void> {
    const replica = this.#pick(this.#replicas)
    // At Ack 1 what counts is what happens while nobody dies.
    const deaths = this.#ackLevel === 1 ? 0.3 : 1
    const events: [number, string, () => unknown][] = [
      [12, 'append', () => this.#append(replica)],
      [24, 'fetch', () => this.#fetch(replica)],
      [12, 'acknowledge', () => this.#acknowledge(replica)],
      [6, 'propose', () => this.#propose(replica)],
      [8, 'judge', () => this.#judge()],
      [16, 'tell', () => this.#tell(replica)],
      [10, 'report', () => this.#report(replica)],
      [2 * deaths, 'kill', () => this.#kill(replica)],
      [deaths, 'power-loss', () => this.#losePower(replica)],
      [5, 'restart', () => this.#restart(replica)],
      [3 * deaths, 'call-down', () => this.#callDown(replica)],
      [6, 'register', () => this.#register(replica)],
      [this.#ackLevel === 1 ? 8 : 1, 'stop', () => this.#stop(replica)],
      [deaths, 'fault', () => this.#damage(replica)],
      [2, 'mend', () => this.#mend(replica)],
      [2, 'preferred', () => this.#preferred()],
      [0.3, 'asked', () => this.#ask()],
      [0.5, 'castle-restarts', () => this.startCastle()],
    ]
    if (this.#ackLevel === 1) {
      events.push(
        [12, 'acknowledge-one', () => this.#acknowledgeOne(replica)],
        [16, 'hand-over', () => this.#handOver(replica)],
        [16, 'judge-hand-over', () => this.#judgeHandOver()],
        [6, 'back', () => this.#preferred()],
        [8, 'exit', () => this.#exit(replica)],
        [0.5, 'lapse', () => this.#lapse(replica)],
        [0.5, 'drop', () => this.#drop()],
      )
    }
    const [, name, run] = this.#pickByWeight(events)
    this.#count(name)
    await run()
  }

  /** Everybody is well and hears everything, and a person helps: in the end the preferred replica leads, and all are in sync. */
  async settle(): Promise<void> {
    for (let round = 0; round < 12; round++) {
      if (round === 6) await this.#ask()
      for (const replica of this.#replicas) {
        this.#restart(replica)
        if (replica.fault === 'damaged') replica.fault = 'none'
        // Only a new process stops stopping.
        if (replica.stopping) this.#kill(replica)
        this.#restart(replica)
        await this.#register(replica)
        await this.#tell(replica)
        await this.#report(replica)
        await this.#tell(replica)
      }
      for (const replica of this.#replicas) this.#fetch(replica)
      for (const replica of this.#replicas) {
        this.#acknowledge(replica)
        this.#propose(replica, ids)
        await this.#judge()
        await this.#tell(replica)
      }
      await this.#preferred()
      for (const replica of this.#replicas) {
        await this.#tell(replica)
        this.#fetch(replica)
      }
      for (const replica of this.#replicas) this.#handOver(replica)
      while (this.#questions.length > 0) await this.#judgeHandOver(true)
      await this.#drop()
    }
  }

  // -------------------------------------------------------------- brokers

  #append(leader: Replica): void {
    const { leading } = leader
    if (leading === undefined || (this.#ackLevel === -1 && leading.confirmed.isr.length < 2)) return
    if (leading.handOver === 'holding' || leading.handOver === 'asked') return
    leader.log.push({ id: ++this.#entries, epoch: leading.epoch })
  }

  #fetch(follower: Replica): void {
    const { view } = follower
    const leader = this.#replicas.find(({ id }) => id === view?.leader)
    if (!follower.alive || follower.fault === 'damaged' || view === undefined || leader === follower) return
    if (leader?.leading === undefined || leader.leading.epoch !== view.leaderEpoch) return
    // Truncated to where the logs part, then all of the leader's.
    follower.log = [...leader.log]
    follower.fault = 'none'
    leader.leading.ends.set(follower.id, follower.log.length)
  }

  #acknowledge(leader: Replica): void {
    const { leading } = leader
    if (leading === undefined || leading.confirmed.isr.length < 2) return
    const members = new Set([...leading.confirmed.isr, ...(leading.proposed ?? [])])
    const ends = [...members].map((id) => (id === leader.id ? leader.log.length : (leading.ends.get(id) ?? 0)))
    leading.highWatermark = Math.max(leading.highWatermark, Math.min(...ends))
    this.#invariants.acknowledged(leader.log.slice(0, leading.highWatermark), leading.epoch)
  }

  /** At Ack 1, what the leader has; only what all have once Castle may elect another at any moment. */
  #acknowledgeOne(leader: Replica): void {
    const { leading, log, fault } = leader
    if (this.#ackLevel !== 1 || leading === undefined || fault !== 'none' || leading.handOver === 'asked') return
    this.#invariants.acknowledgedAlone(log, leading.epoch)
  }

  #handOver(leader: Replica): void {
    const { leading, brokerEpoch, log } = leader
    const { next = -1, leaderEpoch = -1, partitionEpoch = -1 } = leading?.confirmed ?? {}
    if (leading?.handOver !== 'holding' || leading.ends.get(next) !== log.length) return
    leading.handOver = 'asked'
    this.#questions.push({ brokerId: leader.id, brokerEpoch, leaderEpoch, partitionEpoch })
  }

  /** Held for as long as may be; one that Castle was told of goes on as well, for what all have: nothing is owed by that. */
  #lapse({ leading }: Replica): void {
    if (leading?.handOver === 'holding') leading.handOver = 'lapsed'
  }

  /** What the leader makes of Castle's newer word. */
  #confirm(leading: Leading, told: PartitionState): void {
    const { next } = leading.confirmed
    if (told.next === undefined) leading.handOver = null
    else if (told.next !== next || leading.handOver !== 'lapsed') leading.handOver = 'holding'
    leading.confirmed = told
    leading.proposed = null
  }

  /** A leader dies, as it is, as Castle says, or as Castle is about to hear. */
  #noteDeath({ id, leading }: Replica): void {
    if (this.partition.leader !== id && leading === undefined) return
    this.#invariants.leaderDied(id, this.partition)
  }

  #propose(leader: Replica, wanted: readonly number[] = this.#someIds()): void {
    const { leading, brokerEpoch } = leader
    if (leading === undefined || leading.proposed !== null) return
    const { confirmed, highWatermark, start, ends, epoch } = leading
    const isIn = (id: number) => {
      if (id === leader.id) return true
      if (confirmed.isr.includes(id)) return wanted.includes(id)
      const end = ends.get(id) ?? -1
      return wanted.includes(id) && end >= highWatermark && end >= start
    }
    const isr = ids.filter(isIn)
    if (isr.join() === confirmed.isr.join()) return
    leading.proposed = isr
    this.#proposals.push({
      brokerId: leader.id,
      brokerEpoch,
      leaderEpoch: epoch,
      partitionEpoch: confirmed.partitionEpoch,
      isr: isr.map((id) => ({ brokerId: id, brokerEpoch: this.#replica(id).brokerEpoch })),
    })
  }

  #tell(replica: Replica): void {
    const told = this.partition
    const { view } = replica
    if (!this.#isRegistered(replica) || (view !== undefined && told.partitionEpoch <= view.partitionEpoch)) return
    const mayLead = told.leader === replica.id && told.leaderEpoch > (view?.leaderEpoch ?? -1)
    replica.view = told
    const { leading } = replica
    if (mayLead) {
      this.#invariants.checkLeader(replica.id, replica.log, told.leaderEpoch)
      const start = replica.log.length
      replica.leading = {
        epoch: told.leaderEpoch,
        start,
        confirmed: told,
        proposed: null,
        ends: new Map(),
        highWatermark: 0,
        handOver: told.next === undefined ? null : 'holding',
      }
    } else if (leading?.epoch === told.leaderEpoch) {
      this.#confirm(leading, told)
    } else replica.leading = undefined
  }

  #kill(replica: Replica): void {
    this.#noteDeath(replica)
    replica.alive = false
    replica.leading = undefined
  }

  /** It stopped in good order: it leads nothing any more. Another process follows. */
  #exit(replica: Replica): void {
    if (!replica.stopping || replica.leading !== undefined || this.partition.leader === replica.id) return
    this.#kill(replica)
    this.#restart(replica)
  }

  #losePower(replica: Replica): void {
    if (!replica.alive) return
    this.#kill(replica)
    replica.log = replica.log.slice(0, Math.floor(this.#options.random.next() * (replica.log.length + 1)))
    replica.logsId += 1
  }

  /** A new process: it knows what it was told (R14), and leads nothing. */
  #restart(replica: Replica): void {
    if (replica.alive) return
    replica.alive = true
    replica.stopping = false
    replica.incarnation += 1
  }

  #stop(replica: Replica): void {
    if (this.#options.random.next() < 0.5) replica.stopping = true
  }

  #damage(replica: Replica): void {
    if (replica.fault !== 'none') return
    replica.fault = 'damaged'
    this.#noteDeath(replica)
  }

  /**
   * Put aside, to be fetched anew, once Castle counts it in nothing, as far as this broker has heard. It may have heard of nothing for long,
   * and be in sync in truth: so the fault is reported until all is there again.
   */
  #mend(replica: Replica): void {
    if (!replica.alive || replica.fault !== 'damaged') return
    const { isr = [], elr = [], leader = -1 } = replica.view ?? {}
    if (leader === -1 || isr.includes(replica.id) || elr.includes(replica.id)) return
    replica.log = []
    replica.fault = 'rebuilding'
  }

  // -------------------------------------------------------------- Castle

  async #register(replica: Replica): Promise<void> {
    if (!replica.alive) return
    const report = this.#reportOf(replica)
    const incarnation = `${replica.id}-${replica.incarnation}`
    if (this.#reports.put(replica.id, report).size > 0) replica.isNews = true
    const broker = await this.#changes.change((draft) => {
      return register(draft, this.#reports, { id: replica.id, incarnation, brokerEpochHeld: 0, report }, 'test')
    })
    replica.brokerEpoch = broker?.brokerEpoch ?? replica.brokerEpoch
  }

  async #report(replica: Replica): Promise<void> {
    if (!this.#isRegistered(replica)) return
    const report = this.#reportOf(replica)
    const isNews = this.#reports.put(replica.id, report).size > 0 || replica.isNews
    replica.isNews = false
    const news = new Set(isNews ? [topicId] : [])
    await this.#changes.change((draft) => reviewReport(draft, this.#reports, replica.id, report, news))
  }

  /** Castle speaks to registered processes only. */
  #isRegistered({ id, incarnation, alive }: Replica): boolean {
    const broker = this.#changes.state.get('broker', String(id))
    return alive && broker?.up === true && broker.incarnation === `${id}-${incarnation}`
  }

  /** Rightly or wrongly. */
  async #callDown(replica: Replica): Promise<void> {
    const broker = this.#changes.state.get('broker', String(replica.id))
    if (broker === undefined || (replica.alive && this.#options.random.next() < 0.8)) return
    this.#noteDeath(replica)
    await this.#changes.change((draft) => callDown(draft, this.#reports, [broker], 'test'))
  }

  /** The oldest proposal arrives; its answer may be lost, or be heard at once. */
  async #judge(): Promise<void> {
    const proposal = this.#proposals.shift()
    if (proposal === undefined || this.#options.random.next() < 0.1) return this.#forget(proposal)
    const { brokerId, brokerEpoch, ...rest } = proposal
    const args = { brokerEpoch, partitions: [{ topicId, partition: 0, ...rest }] }
    const { partitions } = await this.#changes.change((draft) => alterIsr(draft, this.#reports, brokerId, args))
    if (partitions[0]?.errorCode === 0) this.#count('isr-altered')
    if (this.#options.random.next() < 0.3) return this.#forget(proposal)
    const { leading } = this.#replica(brokerId)
    if (leading?.epoch !== proposal.leaderEpoch || leading.confirmed.partitionEpoch !== proposal.partitionEpoch) return
    const state = partitions[0]?.state
    if (state?.leaderEpoch === leading.epoch) this.#confirm(leading, state)
    leading.proposed = null
  }

  /** Nobody knows whether it was done: it is asked again, and both count until then (R12). */
  #forget(proposal: Proposal | undefined): void {
    if (proposal === undefined) return
    const { leading } = this.#replica(proposal.brokerId)
    if (leading?.proposed != null && leading.confirmed.partitionEpoch === proposal.partitionEpoch) {
      if (leading.epoch === proposal.leaderEpoch) this.#proposals.push(proposal)
    }
  }

  /** The oldest one arrives, or is lost, or comes late once more; its answer comes with the topic's subject. */
  async #judgeHandOver(arrives = false): Promise<void> {
    const question = this.#questions.shift()
    if (question === undefined || (!arrives && this.#options.random.next() < 0.1)) return
    const { brokerId, brokerEpoch, ...rest } = question
    const args = { brokerEpoch, partitions: [{ topicId, partition: 0, ...rest }] }
    const { partitions } = await this.#changes.change((draft) => handOver(draft, this.#reports, brokerId, args))
    if (partitions[0]?.errorCode === 0) this.#count('handed-over')
    if (!arrives && this.#options.random.next() < 0.2) this.#questions.push(question)
  }

  async #drop(): Promise<void> {
    if (this.partition.next === undefined) return
    await this.#changes.change((draft) => dropHandOvers(draft, new Map([[topicId, [0]]])))
  }

  async #preferred(): Promise<void> {
    await this.#changes.change((draft) => electPreferred(draft, this.#reports, new Map([[topicId, [0]]])))
  }

  async #ask(): Promise<void> {
    const args = { type: 'unclean' as const, partitions: [{ topic: 'orders', partition: 0 }] }
    this.#invariants.mayLose = true
    await this.#changes.change((draft) => electAsked(draft, this.#reports, 'c', args))
    this.#invariants.mayLose = false
  }

  #reportOf({ id, view, leading, log, fault, stopping, logsId }: Replica): BrokerReport {
    const follows = leading !== undefined || (view !== undefined && view.leader !== -1 && view.leader !== id)
    const lastEpoch = log.at(-1)?.epoch ?? -1
    const end = follows ? {} : { lastEpoch, endOffset: log.length }
    const leaderEpoch = view?.leaderEpoch ?? -1
    const logs = [{ topicId, partition: 0, leaderEpoch, fault: fault === 'none' ? null : fault, ...end }]
    const address = { host: 'h', port: 1, metricsPort: 0, rack: null, pid: 1 }
    const rest = { holds: {}, groups: [], producerIdsBegun: -1, replicates: true, logsId: String(logsId), logsSince: 0 }
    return { kind: 'broker', cluster: 'c', release: 'test', stopping, logs, ...address, ...rest }
  }

  #makeTopic(draft: Draft): void {
    const { unclean = false, doubt = false } = this.#options
    const partition: PartitionState = { leader: 1, leaderEpoch: 0, partitionEpoch: 0, replicas: ids, isr: ids }
    draft.put('topic', {
      topicId,
      name: 'orders',
      cluster: 'c',
      internal: false,
      ackLevel: this.#ackLevel,
      configs: unclean ? { 'unclean.leader.election.enable': 'true' } : {},
      description: '',
      owner: '',
      labels: {},
      partitions: [partition],
      deleted: false,
      holders: [],
      createdMs: 0,
      version: draft.nextVersion(),
      ...(doubt ? { doubt: { sinceMs: 0, why: 'test' } } : {}),
    })
  }

  // -------------------------------------------------------------- chance

  #replica(id: number): Replica {
    return this.#replicas[id - 1] as Replica
  }

  #someIds(): number[] {
    return ids.filter(() => this.#options.random.next() < 0.7)
  }

  #pickByWeight<T extends readonly [number, ...unknown[]]>(items: readonly T[]): T {
    let left = this.#options.random.next() * items.reduce((sum, [weight]) => sum + weight, 0)
    for (const item of items) {
      left -= item[0]
      if (left < 0) return item
    }
    return items[0] as T
  }

  #count(event: string): void {
    this.counts[event] = (this.counts[event] ?? 0) + 1
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#options.random.next() * items.length)] as T
  }
}

// A model of one partition's replicas (replica.ts) and of the Castle that elects among them (deciding.ts): real decisions over a real store,
// and an order of events that chance chooses. Brokers die, lose what was not synced, are called dead while they live, hear late of everything;
// Castle is restarted. After each event invariants.ts checks what must never happen.
import type { PartitionState } from '@castellan/protocol/heartbeat'
import type { Store } from '../store/store.ts'
import { Deciding, type DecidingOptions } from './deciding.ts'
import { Invariants } from './invariants.ts'
import { brokerIds, type Proposal, type Question, Replica } from './replica.ts'
import type { SeededRandom } from './world.ts'

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
  readonly #random: SeededRandom
  readonly #ackLevel: -1 | 1
  readonly #castle: Deciding
  readonly #replicas = brokerIds.map((id) => new Replica(id))
  readonly #invariants: Invariants
  /** Proposals on their way. */
  #proposals: Proposal[] = []
  /** What leaders that hand over tell, on its way. */
  #questions: Question[] = []
  #entries = 0

  static async start(options: ModelOptions): Promise<ReplicasModel> {
    const model = new ReplicasModel(options)
    await model.#castle.start()
    for (const replica of model.#replicas) await model.#castle.register(replica)
    await model.#castle.makeTopic()
    return model
  }

  private constructor({ random, openStore, unclean = false, doubt = false, ackLevel = -1 }: ModelOptions) {
    this.#random = random
    this.#ackLevel = ackLevel
    this.#invariants = new Invariants({ unclean, doubt, ackLevel, onElected: () => this.#count('elected') })
    const onChange: DecidingOptions['onChange'] = (before, after) => this.#invariants.checkChange(before, after)
    this.#castle = new Deciding({ openStore, unclean, doubt, ackLevel, onChange })
  }

  async close(): Promise<void> {
    await this.#castle.close()
  }

  get partition(): PartitionState {
    return this.#castle.partition
  }

  get losses(): number {
    return this.#castle.topic.losses?.at(-1)?.number ?? 0
  }

  /** One event that chance chooses. */
  async step(): Promise<void> {
    const replica = this.#pick(this.#replicas)
    // At Ack 1 what counts is what happens while nobody dies.
    const deaths = this.#ackLevel === 1 ? 0.3 : 1
    const events: [number, string, () => unknown][] = [
      [12, 'append', () => replica.append(++this.#entries, this.#ackLevel)],
      [24, 'fetch', () => this.#fetch(replica)],
      [12, 'acknowledge', () => this.#acknowledge(replica)],
      [6, 'propose', () => this.#propose(replica)],
      [8, 'judge', () => this.#judge()],
      [16, 'tell', () => this.#tell(replica)],
      [10, 'report', () => this.#castle.report(replica)],
      [2 * deaths, 'kill', () => this.#kill(replica)],
      [deaths, 'power-loss', () => this.#losePower(replica)],
      [5, 'restart', () => replica.restart()],
      [3 * deaths, 'call-down', () => this.#callDown(replica)],
      [6, 'register', () => this.#castle.register(replica)],
      [this.#ackLevel === 1 ? 8 : 1, 'stop', () => this.#stop(replica)],
      [deaths, 'fault', () => this.#damage(replica)],
      [2, 'mend', () => replica.mend()],
      [2, 'preferred', () => this.#castle.electPreferred()],
      [0.3, 'asked', () => this.#ask()],
      [0.5, 'castle-restarts', () => this.#castle.start()],
    ]
    if (this.#ackLevel === 1) {
      events.push(
        [12, 'acknowledge-one', () => this.#acknowledgeOne(replica)],
        [16, 'hand-over', () => this.#handOver(replica)],
        [16, 'judge-hand-over', () => this.#judgeHandOver()],
        [6, 'back', () => this.#castle.electPreferred()],
        [8, 'exit', () => this.#exit(replica)],
        [0.5, 'lapse', () => replica.lapse()],
        [0.5, 'drop', () => this.#castle.dropHandOver()],
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
        replica.restart()
        if (replica.fault === 'damaged') replica.fault = 'none'
        // Only a new process stops stopping.
        if (replica.stopping) this.#kill(replica)
        replica.restart()
        await this.#castle.register(replica)
        this.#tell(replica)
        await this.#castle.report(replica)
        this.#tell(replica)
      }
      for (const replica of this.#replicas) this.#fetch(replica)
      for (const replica of this.#replicas) {
        this.#acknowledge(replica)
        this.#propose(replica, brokerIds)
        await this.#judge()
        this.#tell(replica)
      }
      await this.#castle.electPreferred()
      for (const replica of this.#replicas) {
        this.#tell(replica)
        this.#fetch(replica)
      }
      for (const replica of this.#replicas) this.#handOver(replica)
      while (this.#questions.length > 0) await this.#judgeHandOver(true)
      await this.#castle.dropHandOver()
    }
  }

  // -------------------------------------------------------------- brokers

  #fetch(follower: Replica): void {
    follower.fetch(this.#replicas.find(({ id }) => id === follower.view?.leader))
  }

  #acknowledge(leader: Replica): void {
    const below = leader.advance()
    if (below !== undefined && leader.leading !== undefined) this.#invariants.acknowledged(below, leader.leading.epoch)
  }

  /** At Ack 1, what the leader has; only what all have once Castle may elect another at any moment. */
  #acknowledgeOne({ leading, log, fault }: Replica): void {
    if (leading === undefined || fault !== 'none' || leading.handOver === 'asked') return
    this.#invariants.acknowledgedAlone(log, leading.epoch)
  }

  #handOver(leader: Replica): void {
    const question = leader.askHandOver()
    if (question !== undefined) this.#questions.push(question)
  }

  /** A leader dies, as it is, as Castle says, or as Castle is about to hear. */
  #noteDeath({ id, leading }: Replica): void {
    if (this.partition.leader !== id && leading === undefined) return
    this.#invariants.leaderDied(id, this.partition)
  }

  #propose(leader: Replica, wanted: readonly number[] = this.#someIds()): void {
    const proposal = leader.propose(wanted, (id) => this.#replica(id).brokerEpoch)
    if (proposal !== undefined) this.#proposals.push(proposal)
  }

  #tell(replica: Replica): void {
    const told = this.partition
    if (!this.#castle.isRegistered(replica)) return
    if (replica.hear(told)) this.#invariants.checkLeader(replica.id, replica.log, told.leaderEpoch)
  }

  #kill(replica: Replica): void {
    this.#noteDeath(replica)
    replica.kill()
  }

  /** It stopped in good order: it leads nothing any more. Another process follows. */
  #exit(replica: Replica): void {
    if (!replica.stopping || replica.leading !== undefined || this.partition.leader === replica.id) return
    this.#kill(replica)
    replica.restart()
  }

  #losePower(replica: Replica): void {
    if (!replica.alive) return
    this.#noteDeath(replica)
    replica.losePower(Math.floor(this.#random.next() * (replica.log.length + 1)))
  }

  #stop(replica: Replica): void {
    if (this.#random.next() < 0.5) replica.stopping = true
  }

  #damage(replica: Replica): void {
    if (replica.fault !== 'none') return
    replica.fault = 'damaged'
    this.#noteDeath(replica)
  }

  // -------------------------------------------------------------- what reaches Castle

  /** Rightly or wrongly. */
  async #callDown(replica: Replica): Promise<void> {
    if (!this.#castle.isKnown(replica) || (replica.alive && this.#random.next() < 0.8)) return
    this.#noteDeath(replica)
    await this.#castle.callDown(replica)
  }

  /** The oldest proposal arrives; its answer may be lost, or be heard at once. */
  async #judge(): Promise<void> {
    const proposal = this.#proposals.shift()
    if (proposal === undefined || this.#random.next() < 0.1) return this.#forget(proposal)
    const outcome = await this.#castle.alterIsr(proposal)
    if (outcome?.errorCode === 0) this.#count('isr-altered')
    if (this.#random.next() < 0.3) return this.#forget(proposal)
    const leader = this.#replica(proposal.brokerId)
    const { leading } = leader
    if (leading?.epoch !== proposal.leaderEpoch || leading.confirmed.partitionEpoch !== proposal.partitionEpoch) return
    if (outcome?.state?.leaderEpoch === leading.epoch) leader.confirm(outcome.state)
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
    if (question === undefined || (!arrives && this.#random.next() < 0.1)) return
    const outcome = await this.#castle.handOver(question)
    if (outcome?.errorCode === 0) this.#count('handed-over')
    if (!arrives && this.#random.next() < 0.2) this.#questions.push(question)
  }

  async #ask(): Promise<void> {
    this.#invariants.mayLose = true
    await this.#castle.electUnclean()
    this.#invariants.mayLose = false
  }

  // -------------------------------------------------------------- chance

  #replica(id: number): Replica {
    return this.#replicas[id - 1] as Replica
  }

  #someIds(): number[] {
    return brokerIds.filter(() => this.#random.next() < 0.7)
  }

  #pickByWeight<T extends readonly [number, ...unknown[]]>(items: readonly T[]): T {
    let left = this.#random.next() * items.reduce((sum, [weight]) => sum + weight, 0)
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
    return items[Math.floor(this.#random.next() * items.length)] as T
  }
}

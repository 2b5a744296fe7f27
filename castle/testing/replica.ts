// One replica of the model of replicas.ts, on a broker of its own: a log of a few entries, what Castle told it, and what it does by Kafka's
// rules. It knows neither chance nor Castle: whoever drives it says what happens, and carries what it says.
import type { BrokerReport, PartitionState } from '@castellan/protocol/heartbeat'
import type { Entry } from './invariants.ts'

export const topicId = '00000000-0000-4000-8000-000000000001'
export const brokerIds = [1, 2, 3]

/** What a leader knows; gone with its process or its epoch. */
export interface Leading {
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

/** A leader tells that who is to lead next has everything. */
export interface Question {
  readonly brokerId: number
  readonly brokerEpoch: number
  readonly leaderEpoch: number
  readonly partitionEpoch: number
}

/** A leader tells who should be in sync. */
export interface Proposal extends Question {
  readonly isr: { brokerId: number; brokerEpoch: number }[]
}

export class Replica {
  readonly id: number
  alive = true
  incarnation = 1
  logsId = 1
  brokerEpoch = 0
  stopping = false
  /** `rebuilding`: its damaged log was put aside, and it has not yet fetched all of it again. */
  fault: 'none' | 'damaged' | 'rebuilding' = 'none'
  log: Entry[] = []
  /** The newest that it was told. */
  view: PartitionState | undefined
  leading: Leading | undefined
  /** It reported something that Castle has not looked at. */
  isNews = false

  constructor(id: number) {
    this.id = id
  }

  get process(): string {
    return `${this.id}-${this.incarnation}`
  }

  get report(): BrokerReport {
    const { id, view, log, fault, stopping, logsId } = this
    const follows = this.leading !== undefined || (view !== undefined && view.leader !== -1 && view.leader !== id)
    const lastEpoch = log.at(-1)?.epoch ?? -1
    const end = follows ? {} : { lastEpoch, endOffset: log.length }
    const leaderEpoch = view?.leaderEpoch ?? -1
    const logs = [{ topicId, partition: 0, leaderEpoch, fault: fault === 'none' ? null : fault, ...end }]
    const address = { host: 'h', port: 1, metricsPort: 0, rack: null, pid: 1 }
    const rest = { holds: {}, groups: [], producerIdsBegun: -1, replicates: true, logsId: String(logsId), logsSince: 0 }
    return { kind: 'broker', cluster: 'c', release: 'test', stopping, logs, ...address, ...rest }
  }

  // -------------------------------------------------------------- as a leader

  append(entry: number, ackLevel: -1 | 1): void {
    const { leading } = this
    if (leading === undefined || (ackLevel === -1 && leading.confirmed.isr.length < 2)) return
    if (leading.handOver === 'holding' || leading.handOver === 'asked') return
    this.log.push({ id: entry, epoch: leading.epoch })
  }

  /** Its high watermark moves as far as it may; undefined: too few are in sync. */
  advance(): Entry[] | undefined {
    const { leading } = this
    if (leading === undefined || leading.confirmed.isr.length < 2) return undefined
    const members = new Set([...leading.confirmed.isr, ...(leading.proposed ?? [])])
    const ends = [...members].map((id) => (id === this.id ? this.log.length : (leading.ends.get(id) ?? 0)))
    leading.highWatermark = Math.max(leading.highWatermark, Math.min(...ends))
    return this.log.slice(0, leading.highWatermark)
  }

  /** Of those wanted, who may be in; undefined: nothing to propose. */
  propose(wanted: readonly number[], brokerEpochOf: (id: number) => number): Proposal | undefined {
    const { leading, brokerEpoch } = this
    if (leading === undefined || leading.proposed !== null) return undefined
    const { confirmed, highWatermark, start, ends, epoch } = leading
    const isIn = (id: number) => {
      if (id === this.id) return true
      if (confirmed.isr.includes(id)) return wanted.includes(id)
      const end = ends.get(id) ?? -1
      return wanted.includes(id) && end >= highWatermark && end >= start
    }
    const isr = brokerIds.filter(isIn)
    if (isr.join() === confirmed.isr.join()) return undefined
    leading.proposed = isr
    return {
      ...{ brokerId: this.id, brokerEpoch, leaderEpoch: epoch, partitionEpoch: confirmed.partitionEpoch },
      isr: isr.map((id) => ({ brokerId: id, brokerEpoch: brokerEpochOf(id) })),
    }
  }

  /** Undefined: nobody is to lead next, or that one lacks something. */
  askHandOver(): Question | undefined {
    const { leading, brokerEpoch, log } = this
    const { next = -1, leaderEpoch = -1, partitionEpoch = -1 } = leading?.confirmed ?? {}
    if (leading?.handOver !== 'holding' || leading.ends.get(next) !== log.length) return undefined
    leading.handOver = 'asked'
    return { brokerId: this.id, brokerEpoch, leaderEpoch, partitionEpoch }
  }

  /** Held for as long as may be; one that Castle was told of goes on as well, for what all have: nothing is owed by that. */
  lapse(): void {
    if (this.leading?.handOver === 'holding') this.leading.handOver = 'lapsed'
  }

  /** Castle's newer word of the epoch at which it leads. */
  confirm(told: PartitionState): void {
    const { leading } = this
    if (leading === undefined) return
    const { next } = leading.confirmed
    if (told.next === undefined) leading.handOver = null
    else if (told.next !== next || leading.handOver !== 'lapsed') leading.handOver = 'holding'
    leading.confirmed = told
    leading.proposed = null
  }

  // -------------------------------------------------------------- as anybody

  /** Truncated to where the logs part, then all of the leader's. */
  fetch(leader: Replica | undefined): void {
    const { view } = this
    if (!this.alive || this.fault === 'damaged' || view === undefined || leader === this) return
    if (leader?.leading === undefined || leader.leading.epoch !== view.leaderEpoch) return
    this.log = [...leader.log]
    this.fault = 'none'
    leader.leading.ends.set(this.id, this.log.length)
  }

  /** What Castle says now. True: it is to lead, by an epoch that is new to it. */
  hear(told: PartitionState): boolean {
    const { view } = this
    if (view !== undefined && told.partitionEpoch <= view.partitionEpoch) return false
    const mayLead = told.leader === this.id && told.leaderEpoch > (view?.leaderEpoch ?? -1)
    this.view = told
    if (!mayLead && this.leading?.epoch === told.leaderEpoch) this.confirm(told)
    else this.leading = mayLead ? this.#begin(told) : undefined
    return mayLead
  }

  #begin(told: PartitionState): Leading {
    return {
      ...{ epoch: told.leaderEpoch, start: this.log.length, confirmed: told, proposed: null, ends: new Map() },
      ...{ highWatermark: 0, handOver: told.next === undefined ? null : 'holding' },
    }
  }

  kill(): void {
    this.alive = false
    this.leading = undefined
  }

  /** With what was not synced; `left`: entries that stay. */
  losePower(left: number): void {
    this.kill()
    this.log = this.log.slice(0, left)
    this.logsId += 1
  }

  /** A new process: it knows what it was told (R14), and leads nothing. */
  restart(): void {
    if (this.alive) return
    this.alive = true
    this.stopping = false
    this.incarnation += 1
  }

  /**
   * Put aside, to be fetched anew, once Castle counts it in nothing, as far as this broker has heard. It may have heard of nothing for long,
   * and be in sync in truth: so the fault is reported until all is there again.
   */
  mend(): void {
    if (!this.alive || this.fault !== 'damaged') return
    const { isr = [], elr = [], leader = -1 } = this.view ?? {}
    if (leader === -1 || isr.includes(this.id) || elr.includes(this.id)) return
    this.log = []
    this.fault = 'rebuilding'
  }
}

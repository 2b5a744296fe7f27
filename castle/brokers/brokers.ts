// The life of brokers: they register by their first heartbeat, stay by heartbeats, and go when their lease runs out, when a
// newer process takes their id, when they said that they stop and their link is gone, or when their end is proven
// (proofs.ts). What follows from each is decided in registration.ts and review.ts; this class notices, and asks for the
// decision.
import type { BrokerReport } from '@castellan/protocol/heartbeat'
import { type Clock, Complaints, type Logger, type Random } from '@castellan/protocol/runtime'
import type { CoreSettings } from '../config.ts'
import { CastleError } from '../errors.ts'
import type { Groups } from '../groups/groups.ts'
import type { Session } from '../heartbeats/session.ts'
import type { Attention } from '../leases/attention.ts'
import { Leases } from '../leases/leases.ts'
import type { Changes } from '../state/changes.ts'
import type { Broker } from '../state/entities.ts'
import type { Doors } from './doors.ts'
import { OffsetsTopic } from './offsets-topic.ts'
import { Proofs } from './proofs.ts'
import { callDown, type Gone, refusal, register } from './registration.ts'
import { BrokerReports } from './reports.ts'
import { isRelieved, reviewReport } from './review.ts'
import { Vitals } from './vitals.ts'

export interface BrokersOptions {
  /** A registered broker reported. */
  readonly onReport: (session: Session) => void
  /** Topics of a cluster are on their way from brokers to a store that forgot them (R14): the log of groups may be among them. */
  readonly awaitsTopics: (cluster: string) => boolean
  readonly changes: Changes
  readonly groups: Groups
  readonly attention: Attention
  readonly clock: Clock
  readonly random: Random
  readonly settings: CoreSettings
  readonly log: Logger
  readonly doors: Doors
}

/** Undefined: nothing has to be done. `early`: not before others have been heard. */
export type Registering = Promise<string | undefined> | 'early' | undefined

/** After what could not be written. */
const retryMs = 1_000

export class Brokers {
  readonly reports = new BrokerReports()
  readonly vitals: Vitals
  readonly #options: BrokersOptions
  readonly #changes: Changes
  readonly #leases: Leases<number>
  readonly #complaints: Complaints
  readonly #proofs: Proofs
  /** Topics by broker of whose logs it told something that was not looked at yet. */
  readonly #news = new Map<number, ReadonlySet<string>>()
  /** By broker: when what could not be written is looked at again. */
  readonly #reviewAgainMs = new Map<number, number>()
  readonly #registering = new Map<Session, Promise<string | undefined>>()
  /** Broker id -> its newest process, which waits for others to be heard. */
  readonly #early = new Map<number, string>()
  /** Brokers that have not spoken to this Castle, and decisions wait for; by id, whether the store had them as up. */
  readonly #awaited = new Map<number, boolean>()
  readonly #offsetsTopic: OffsetsTopic

  constructor(options: BrokersOptions) {
    this.#options = options
    this.#changes = options.changes
    this.#complaints = new Complaints(options.clock, options.log)
    this.vitals = new Vitals(options.clock)
    const { clock, log, doors, attention } = options
    this.#proofs = new Proofs({ doors, clock, log, isInattentive: () => attention.isLapsed })
    const { brokerLeaseMs, startGraceMs } = options.settings
    this.#leases = new Leases(brokerLeaseMs)
    // Whoever was alive when the store was written gets a full lease to be heard, and a little more (R10).
    const doubtMs = Math.max(0, startGraceMs - brokerLeaseMs)
    for (const broker of this.#changes.state.all('broker')) {
      if (broker.up) this.#leases.heard(broker.id, attention.look() + doubtMs)
    }
    this.#holdUntilHeard()
    const watch = (task: Promise<unknown>, what: string) => this.#do(task, what)
    this.#offsetsTopic = new OffsetsTopic({ ...options, reports: this.reports, watch })
    for (const cluster of this.#changes.state.all('cluster')) this.#offsetsTopic.need(cluster.id)
  }

  /** Why a process may not come in as this broker; undefined: it may. */
  refusal(id: string, report: BrokerReport): string | undefined {
    const error = refusal(this.#changes.state, Number(id), report)
    if (error === undefined) return undefined
    this.#complaints.say('refused', { broker: id, error: error.message }, 'refused a broker')
    return `${error.message}. ${error.next}`
  }

  /**
   * Each heartbeat of a broker. Undefined: its process is registered and alive. Else a promise of its registration, which
   * resolves to a reason to stop when it was refused; or `early`: it has to come again.
   */
  onHeartbeat(session: Session): Registering {
    this.#leases.heard(Number(session.id), session.heardMs)
    const broker = this.#registered(session)
    if (broker !== undefined) {
      session.brokerEpoch = broker.brokerEpoch
      this.#proofs.meet(broker)
      this.#reviewAgain(session)
      return undefined
    }
    let registering = this.#registering.get(session)
    if (registering === undefined) {
      if (this.#changes.isHeld) {
        this.#early.set(Number(session.id), session.incarnation)
        return 'early'
      }
      registering = this.#register(session).finally(() => {
        this.#registering.delete(session)
        this.#early.delete(Number(session.id))
      })
      this.#registering.set(session, registering)
    }
    return registering
  }

  onReport(session: Session): void {
    const id = Number(session.id)
    const report = session.report as BrokerReport
    this.#noteNews(id, this.reports.put(id, report))
    if (this.#awaited.delete(id) && this.#awaited.size === 0) this.#changes.release()
    // One that is being registered is looked at right after.
    if (this.#registered(session) !== undefined) this.#review(session)
  }

  /** One that said that it stops, was relieved, and whose link is gone, is gone; of any other a refused connection proves it. */
  onLinkClosed(session: Session): void {
    const broker = this.#registered(session)
    if (broker === undefined) return
    const { stopping } = session.report as BrokerReport
    if (stopping && isRelieved(this.#changes.state, this.reports, broker)) {
      return this.#callDown([{ ...broker, why: 'it stopped in good order' }])
    }
    const why = `its link broke, and ${broker.host}:${broker.port}, where it had answered, refuses connections`
    const isMissing = () => session.link === undefined && this.#registered(session) !== undefined
    this.#proofs.onLinkClosed(broker, isMissing, () => this.#callDown([{ ...broker, why }]))
  }

  /** Nothing is begun any more. */
  close(): void {
    this.#proofs.close()
    this.#offsetsTopic.close()
  }

  sweep(attendedMs: number): void {
    const { brokerLeaseMs } = this.#options.settings
    if (attendedMs >= this.#patienceMs) this.#changes.release()
    const why = `silent for ${brokerLeaseMs} ms, its lease`
    const silent = this.#leases.over(attendedMs).flatMap((id) => {
      this.#leases.forget(id)
      const broker = this.#changes.state.get('broker', String(id))
      return broker?.up === true ? [{ ...broker, why }] : []
    })
    if (silent.length > 0) this.#callDown(silent)
  }

  /** Until all that may know better than the store have spoken to this Castle: those that it has as up, or with replicas. */
  #holdUntilHeard(): void {
    const { state } = this.#changes
    const topics = [...state.all('topic')].filter(({ deleted }) => !deleted)
    const replicas = new Set(topics.flatMap(({ partitions }) => partitions.flatMap((each) => each.replicas)))
    for (const { id, up } of state.all('broker')) if (up || replicas.has(id)) this.#awaited.set(id, up)
    if (this.#awaited.size === 0) return
    this.#changes.hold()
    this.#options.log.info({ brokers: [...this.#awaited.keys()] }, 'decisions wait for brokers to be heard')
  }

  /** As long as it waits before it calls somebody dead; who was dead already is not waited for beyond a lease. */
  get #patienceMs(): number {
    const { brokerLeaseMs, startGraceMs } = this.#options.settings
    return [...this.#awaited.values()].includes(true) ? Math.max(brokerLeaseMs, startGraceMs) : brokerLeaseMs
  }

  /** Newer processes wait to be registered: the older ones of the same ids are as gone as these, and lead nothing in their place. */
  #replaced(gone: readonly Gone[]): Gone[] {
    const why = 'a newer process has its id'
    return [...this.#early].flatMap(([id, incarnation]) => {
      const broker = this.#changes.state.get('broker', String(id))
      const isReplaced = broker?.up === true && broker.incarnation !== incarnation
      return isReplaced && !gone.some((each) => each.id === id) ? [{ ...broker, why }] : []
    })
  }

  #registered(session: Session): Broker | undefined {
    const broker = this.#changes.state.get('broker', session.id)
    const isCurrent = broker?.up === true && broker.incarnation === session.incarnation
    // One that holds a newer epoch than the store is registered anew: by the older one nobody would take it into an ISR (R14).
    return isCurrent && broker.brokerEpoch >= session.brokerEpochHeld ? broker : undefined
  }

  async #register(session: Session): Promise<string | undefined> {
    const id = Number(session.id)
    const report = session.report as BrokerReport
    const registrant = { id, incarnation: session.incarnation, brokerEpochHeld: session.brokerEpochHeld, report }
    const { environment } = this.#options.settings
    try {
      const broker = await this.#changes.change((draft) => register(draft, this.reports, registrant, environment))
      if (broker === undefined) return `a newer process has the id '${session.id}'`
      session.brokerEpoch = broker.brokerEpoch
    } catch (error) {
      const refused = this.refusal(session.id, report)
      if (refused === undefined) throw error
      return refused
    }
    this.#review(session)
    this.#offsetsTopic.need(report.cluster)
    return undefined
  }

  #noteNews(id: number, news: ReadonlySet<string>): void {
    if (news.size > 0) this.#news.set(id, new Set([...(this.#news.get(id) ?? []), ...news]))
  }

  #reviewAgain(session: Session): void {
    const id = Number(session.id)
    const atMs = this.#reviewAgainMs.get(id)
    if (atMs === undefined || this.#options.clock.nowMs() < atMs) return
    this.#reviewAgainMs.delete(id)
    this.#review(session)
  }

  /** What its last report means may have changed. */
  reconsider(session: Session): void {
    if (this.#registered(session) !== undefined) this.#options.onReport(session)
  }

  #review(session: Session): void {
    const id = Number(session.id)
    const report = session.report as BrokerReport
    let news: ReadonlySet<string> = new Set()
    const task = this.#changes.change((draft) => {
      // Another process registered while this waited for its turn: what the older one said of itself (that it stops) is not true of it.
      if (draft.get('broker', session.id)?.incarnation !== session.incarnation) return
      news = this.#news.get(id) ?? news
      this.#news.delete(id)
      reviewReport(draft, this.reports, id, report, news)
    })
    task.catch(() => {
      // Not written: the broker will not say it again, so it is looked at again at a later heartbeat.
      this.#noteNews(id, news)
      this.#reviewAgainMs.set(id, this.#options.clock.nowMs() + retryMs)
    })
    this.#do(task, `the review of broker ${id}'s report`)
    this.#options.groups.onReport(report.cluster, id, report.groups)
    this.#options.onReport(session)
  }

  #callDown(brokers: readonly Gone[]): void {
    const heardMs = new Map(brokers.map(({ id }) => [id, this.#leases.heardMs(id)]))
    const task = this.#changes.change((draft) => {
      // Heard again while this waited for its turn: it lives.
      const gone = brokers.filter(({ id }) => this.#leases.heardMs(id) === heardMs.get(id))
      if (gone.length > 0) callDown(draft, this.reports, [...gone, ...this.#replaced(gone)])
    })
    task.catch(() => {
      // Not written, so they still count as alive: looked at again when another lease is over.
      for (const { id } of brokers) this.#leases.heard(id, this.#options.attention.nowMs())
    })
    this.#do(task, `calling brokers ${[...heardMs.keys()].join(', ')} down`)
  }

  /** Nobody waits for these: trouble goes to the log, and what caused them will come again. */
  #do(task: Promise<unknown>, what: string): void {
    task.catch((error: unknown) => {
      if (!isStopping(error)) this.#options.log.error({ error }, `failed: ${what}`)
    })
  }
}

function isStopping(error: unknown): boolean {
  return error instanceof CastleError && error.code === 'NOT_ACTIVE'
}

// What heartbeats mean: the side of Sessions that knows brokers, groups and the state. A report is put where it belongs, and
// compared with the store: whoever knows of something newer than it shows that the store went back in time (R14).
import type { BrokerReport, BrokerVitals, Call, ClientReport, Heartbeat, Result } from '@castellan/protocol/heartbeat'
import { type Clock, Complaints, type Logger } from '@castellan/protocol/runtime'
import type { Brokers, Registering } from './brokers/brokers.ts'
import { EpochTrust, type Witness } from './brokers/epoch-trust.ts'
import type { Groups } from './groups/groups.ts'
import { brokerIdPattern } from './heartbeats/arrivals.ts'
import type { SessionsHost } from './heartbeats/host.ts'
import type { Holds, Session } from './heartbeats/session.ts'
import type { Incarnations } from './leases/incarnations.ts'
import { doubtTopics } from './restore/doubts.ts'
import { newerThanStore } from './restore/known.ts'
import type { Restore } from './restore/restore.ts'
import { anyCluster, audiencesOf, groupOfAudience, scopeOf } from './scope.ts'
import type { Changes } from './state/changes.ts'
import type { Draft } from './state/draft.ts'
import type { State } from './state/state.ts'
import type { SubjectText } from './state/subjects.ts'

export interface HostOptions {
  readonly changes: Changes
  readonly brokers: Brokers
  readonly groups: Groups
  readonly restore: Restore
  readonly clock: Clock
  readonly log: Logger
  readonly onBrokerReport: () => void
  /** A client's link is gone, which proves nothing yet. */
  readonly onClientGone: (session: Session) => void
  /** A client's report was taken in. */
  readonly onClientReport: (session: Session, heldBefore: Holds) => void
  readonly onCall: (session: Session, call: Call) => Promise<Result>
}

export class Host implements SessionsHost {
  readonly #options: HostOptions
  readonly #trust = new EpochTrust()
  readonly #complaints: Complaints

  constructor(options: HostOptions) {
    this.#options = options
    this.#complaints = new Complaints(options.clock, options.log)
  }

  get castleEpoch(): number {
    return this.#options.changes.castleEpoch
  }

  get #state(): State {
    return this.#options.changes.state
  }

  brokerIncarnations(id: string): Incarnations | undefined {
    return this.#state.get('broker', id)
  }

  onVitals(vitals: BrokerVitals): void {
    const { id, incarnation, recovery } = vitals
    const told = this.#options.brokers.vitals
    const known = this.#state.get('broker', id)
    // An older process has nothing to say of the newer one.
    if (known !== undefined && !known.retired.includes(incarnation)) told.put(known.id, vitals)
    if (known === undefined && recovery !== undefined && brokerIdPattern.test(id))
      told.putStranger(Number(id), recovery)
  }

  refuseBroker(id: string, report: BrokerReport): string | undefined {
    return this.#options.brokers.refusal(id, report)
  }

  async takeHigherEpoch({ kind, id, castleEpoch: heard, report }: Heartbeat): Promise<'taken' | 'need-report'> {
    const isStranger = kind === 'broker' && this.#state.get('broker', id) === undefined
    // As in an emptied store: it is registered by its report, and that must not be under an epoch that was before.
    if (isStranger && report === undefined) return 'need-report'
    const isBroker = !isStranger || (report?.kind === 'broker' && this.refuseBroker(id, report) === undefined)
    const why = `${kind} ${id} knows Castle epoch ${heard}`
    await this.#raiseEpoch(heard + 1, why, isBroker ? kind : 'client', () => this.castleEpoch <= heard)
    return 'taken'
  }

  onReport(session: Session, heldBefore: Holds): readonly string[] {
    const { report } = session
    if (report.kind === 'broker') {
      session.cluster = report.cluster
      this.#hearBroker(session)
      this.#options.brokers.onReport(session)
      this.#options.onBrokerReport()
    } else {
      session.cluster = report.cluster ?? session.cluster ?? this.#clusterHeld(report) ?? anyCluster(this.#state)?.id
      session.missing = this.#missingTopics(session.cluster, report)
      this.#compareWithStore(session)
      this.#options.onClientReport(session, heldBefore)
    }
    return audiencesOf(session)
  }

  onBroker(session: Session): Registering {
    return this.#options.brokers.onHeartbeat(session)
  }

  scope(session: Session): Iterable<SubjectText> {
    return scopeOf(this.#state, this.#options.groups, session)
  }

  wanted(session: Session): readonly string[] {
    return session.kind === 'broker' ? this.#options.restore.wanted(session) : []
  }

  onCall(session: Session, call: Call): Promise<Result> {
    return this.#options.onCall(session, call)
  }

  onLinkClosed(session: Session): void {
    if (session.kind === 'broker') this.#options.brokers.onLinkClosed(session)
    else this.#options.onClientGone(session)
  }

  onNobody(audience: string): void {
    const group = groupOfAudience(audience)
    if (group !== undefined) this.#options.groups.forget(...group)
  }

  /** A client that holds newer versions than the store would ignore this Castle's word; and the store may have gone back (R14). */
  #compareWithStore({ cluster = '', kind, id, report }: Session): void {
    const newerHeld = () => newerThanStore(this.#state, cluster, report.holds)
    const newer = newerHeld()
    if (newer === undefined) return
    const atLeast = Math.max(newer.castleEpoch, this.castleEpoch) + 1
    const isNeeded = () => newerHeld() !== undefined
    this.#raiseEpoch(atLeast, `${kind} ${id} holds ${newer.what}`, kind, isNeeded).catch((error: unknown) => {
      this.#complaints.say('epoch', { sender: `${kind} ${id}`, error }, 'a higher Castle epoch was not taken')
    })
  }

  /** A broker that knows of anything newer shows that the store went back: what it knows is asked for, and everything is in doubt. */
  #hearBroker(session: Session): void {
    const { cluster = '', id, report } = session
    const { restore, changes } = this.#options
    const newerHeld = () => newerThanStore(this.#state, cluster, report.holds)
    const newer = newerHeld()
    const what = restore.hear(session) ?? newer?.what
    if (what === undefined) return
    const why = `broker ${id} knows ${what}`
    const known = Math.max(newer?.castleEpoch ?? 0, restore.castleEpochOffered(session))
    const isOutdated = newer !== undefined || known >= this.castleEpoch
    const isNeeded = () => newerHeld() !== undefined || restore.isNews(session)
    const done = isOutdated
      ? this.#raiseEpoch(Math.max(known, this.castleEpoch) + 1, why, 'broker', isNeeded)
      : changes.changeAtOnce((draft) => {
          if (!isNeeded()) return
          this.#trust.spend('broker', this.castleEpoch, this.castleEpoch + 1)
          doubtTopics(draft, why)
        })
    done.then(
      () => {
        restore.doubted(session)
        this.#options.brokers.reconsider(session)
      },
      (error: unknown) => {
        this.#complaints.say(
          'epoch',
          { sender: `broker ${id}`, error },
          'what a broker knows better was not acted upon',
        )
      },
    )
  }

  /** Rejects with a HeartbeatMessageError when the witness is not believed. */
  async #raiseEpoch(atLeast: number, why: string, witness: Witness, isNeeded: () => boolean): Promise<void> {
    this.#trust.check(witness, this.castleEpoch, atLeast)
    const also = (draft: Draft) => {
      // Of whoever was there with a client each broker knows as much, so that those who have spoken need not be asked again.
      doubtTopics(draft, why, (topic) => witness === 'broker' || !this.#options.restore.isHeard(topic))
    }
    const isNeededStill = () => {
      if (!isNeeded()) return false
      this.#trust.spend(witness, this.castleEpoch, atLeast)
      return true
    }
    await this.#options.changes.raiseEpoch(atLeast, why, isNeededStill, also)
  }

  #missingTopics(cluster: string | undefined, report: ClientReport): string[] {
    if (cluster === undefined) return report.topics
    return report.topics.filter((name) => this.#state.topicNamed(cluster, name) === undefined)
  }

  /** The cluster that a Castle before this one gave the client. */
  #clusterHeld({ holds }: ClientReport): string | undefined {
    for (const { id } of this.#state.all('cluster')) if (holds[`cluster/${id}`] !== undefined) return id
    return undefined
  }
}

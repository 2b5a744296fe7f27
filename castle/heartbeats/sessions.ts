// Everyone who heartbeats, and the answers they get.
//
//   link or POST --> heartbeat --> whose session? --> report, outcomes in --> what differs in its scope --> answer
//                       change --> interest --> dirty --> push --> heartbeat ...
//
// A steady heartbeat touches its own session and nothing else. What a report means is the host's business (host.ts).
import type { Call, ClientReport, Heartbeat } from '@castellan/protocol/heartbeat'
import { HeartbeatMessageError, parseFromSender } from '@castellan/protocol/heartbeat'
import { type Clock, Complaints, type Link, type Logger } from '@castellan/protocol/runtime'
import type { Attention } from '../leases/attention.ts'
import { retire } from '../leases/incarnations.ts'
import type { SubjectText } from '../state/subjects.ts'
import { AnswerHeads, fullAnswer, shortAnswer, steadyAnswer, type Times } from './answers.ts'
import { checkKind, insteadOfArrival, lacksBase } from './arrivals.ts'
import { Gate } from './gate.ts'
import type { SessionsHost } from './host.ts'
import { Interest } from './interest.ts'
import { Pushes } from './pushes.ts'
import { type Holds, Session } from './session.ts'

export interface SessionsOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly attention: Attention
  readonly times: { readonly broker: Times; readonly client: Times }
  readonly clientsMax: number
  readonly arrivalsPerSecond: number
}

/** Unsent bytes of a link beyond which its peer is taken to be gone. */
const unsentBytesMax = 32 * 1024 * 1024
const fullComeBackMs = 10_000

export class Sessions {
  readonly #host: SessionsHost
  readonly #options: SessionsOptions
  readonly #byId = { broker: new Map<string, Session>(), client: new Map<string, Session>() }
  /** Brokers that may have this Castle's epoch from here. */
  readonly #told = new Set<string>()
  readonly #interest: Interest
  readonly #pushes: Pushes
  readonly #gate: Gate
  readonly #heads: AnswerHeads
  readonly #complaints: Complaints
  /** Of links whose first heartbeat waited for a higher Castle epoch to be taken. */
  readonly #speakers = new WeakMap<Link, Session>()
  readonly counts = { heartbeats: 0, reports: 0, deferred: 0, malformed: 0 }

  constructor(host: SessionsHost, options: SessionsOptions) {
    this.#host = host
    this.#options = options
    this.#interest = new Interest((audience) => host.onNobody(audience))
    this.#gate = new Gate(options.arrivalsPerSecond)
    this.#heads = new AnswerHeads(options.times)
    const head = (kind: Session['kind']) => this.#heads.of(kind, host.castleEpoch)
    this.#pushes = new Pushes(options.clock, () => host.castleEpoch, head)
    this.#complaints = new Complaints(options.clock, options.log)
  }

  get pushes(): { readonly sent: number; readonly dropped: number } {
    return this.#pushes
  }

  all(kind: 'broker' | 'client'): Iterable<Session> {
    return this.#byId[kind].values()
  }

  count(kind: 'broker' | 'client'): number {
    return this.#byId[kind].size
  }

  get(kind: 'broker' | 'client', id: string): Session | undefined {
    return this.#byId[kind].get(id)
  }

  interestedIn(audience: string): Iterable<Session> {
    return this.#interest.of(audience)
  }

  /** A message on a link. Returns the session that speaks there now. */
  onMessage(link: Link, session: Session | undefined, text: string): Session | undefined {
    try {
      const message = parseFromSender(text)
      if (message?.type === 'heartbeat') return this.#onHeartbeat(link, message)
      if (message?.type === 'vitals') this.#host.onVitals(message)
      if (message?.type === 'call') this.#onCall(link, session ?? this.#speakers.get(link), message)
      return session
    } catch (error) {
      if (!(error instanceof HeartbeatMessageError)) throw error
      this.#onMalformed(link, session?.id, error)
      return session
    }
  }

  #onMalformed(link: Link, sender: string | undefined, error: HeartbeatMessageError): void {
    this.counts.malformed += 1
    const fields = { peer: link.peer, sender, error: error.message }
    this.#complaints.say('malformed', fields, 'closing a link: malformed message')
    link.close()
  }

  /** The same without a link (POST /heartbeat): the answer's text. Nothing is pushed to such a sender. */
  async answer(heartbeat: Heartbeat): Promise<string> {
    return this.#take(heartbeat, undefined)
  }

  /** A subject changed that this audience has to hear of; `news`: it cannot wait for a heartbeat. */
  notify(audience: string, key: string, news?: SubjectText): void {
    const nowMs = this.#options.clock.nowMs()
    for (const session of this.#interest.of(audience)) {
      session.soil(nowMs)
      this.#pushes.add(session, key, news)
    }
  }

  /** Topics came or went under names that the audience asked for: their reports mean something else now. */
  reconsider(audience: string): void {
    for (const session of [...this.#interest.of(audience)]) this.#consider(session, session.report.holds)
  }

  /** Tells the sender to heartbeat for directives that wait for it. */
  hint(session: Session): void {
    this.#pushes.add(session, 'directives')
  }

  /** Its link stays, for an answer that is on its way; links.ts closes it when nobody speaks there any more. */
  forget(session: Session): void {
    if (this.#byId[session.kind].get(session.id) === session) this.#byId[session.kind].delete(session.id)
    this.#interest.set(session, [])
    this.#pushes.forget(session)
    session.link = undefined
  }

  onLinkClosed(link: Link, session: Session): void {
    if (session.link !== link) return
    session.link = undefined
    this.#pushes.forget(session)
    this.#host.onLinkClosed(session)
  }

  // -------------------------------------------------------------- heartbeats

  #onHeartbeat(link: Link, heartbeat: Heartbeat): Session | undefined {
    const answer = this.#take(heartbeat, link)
    if (typeof answer === 'string') this.#send(link, answer)
    else {
      answer.then(
        (text) => this.#send(link, text),
        (error: unknown) => {
          if (error instanceof HeartbeatMessageError) return this.#onMalformed(link, heartbeat.id, error)
          this.#complaints.say('failed', { peer: link.peer, sender: heartbeat.id, error }, 'a heartbeat failed')
          link.close()
        },
      )
    }
    const session = this.#byId[heartbeat.kind].get(heartbeat.id)
    return session?.incarnation === heartbeat.incarnation ? session : undefined
  }

  #take(heartbeat: Heartbeat, link: Link | undefined): string | Promise<string> {
    this.counts.heartbeats += 1
    return this.#isAhead(heartbeat) ? this.#takeAhead(heartbeat, link) : this.#takeIn(heartbeat, link)
  }

  /** A broker that knows this very epoch, and never heard of it here, has it from another Castle: one over the store before it went back (R14). */
  #isAhead({ kind, id, castleEpoch }: Heartbeat): boolean {
    const own = this.#host.castleEpoch
    return castleEpoch > own || (castleEpoch === own && kind === 'broker' && !this.#told.has(id))
  }

  /** The epoch first: what a process is given at its registration must be of an epoch that never was before (R14). */
  async #takeAhead(heartbeat: Heartbeat, link: Link | undefined): Promise<string> {
    const outcome = await this.#host.takeHigherEpoch(heartbeat)
    if (outcome === 'taken') return this.#takeIn(heartbeat, link)
    return this.#short(heartbeat.kind, heartbeat.seq, { needReport: true })
  }

  #takeIn(heartbeat: Heartbeat, link: Link | undefined): string | Promise<string> {
    const { kind, id, incarnation, seq } = heartbeat
    const found = this.#byId[kind].get(id)
    // Whatever it is answered names the epoch. Strangers are not noted: there may be any number of them.
    if (kind === 'broker' && (found ?? this.#host.brokerIncarnations(id)) !== undefined) this.#told.add(id)
    let session = found?.incarnation === incarnation ? found : undefined
    if (session === undefined) {
      const arrived = this.#arrive(heartbeat, found)
      if (!(arrived instanceof Session)) return this.#short(kind, seq, arrived)
      session = arrived
    }
    this.#hear(session, seq, link)
    session.brokerEpochHeld = Math.max(session.brokerEpochHeld, heartbeat.brokerEpoch)
    for (const outcome of heartbeat.done ?? []) session.directives.acknowledged(outcome)
    if (heartbeat.report === undefined) {
      if (heartbeat.reportNumber > session.reportNumber) return this.#short(kind, seq, { needReport: true })
    } else if (lacksBase(session, heartbeat.report)) {
      return this.#short(kind, seq, { needReport: true })
    } else if (heartbeat.reportNumber >= session.reportNumber) {
      // Never older than what is known: a late heartbeat is still a sign of life, but its report is not news.
      this.#takeReport(session, heartbeat.reportNumber, heartbeat.report)
    }
    const registration = kind === 'broker' ? this.#host.onBroker(session) : undefined
    // It goes on heartbeating, and is told nothing that it could act upon.
    if (registration === 'early') return this.#short(kind, seq, {})
    return registration === undefined ? this.#answerOf(session, seq) : this.#registered(registration, session, seq)
  }

  /** An incarnation without a session. Returns it, or what to answer instead. */
  #arrive(heartbeat: Heartbeat, found: Session | undefined): Session | Record<string, unknown> {
    const { kind, id, incarnation, report } = heartbeat
    const { clock, clientsMax } = this.#options
    const stored = kind === 'broker' ? this.#host.brokerIncarnations(id) : undefined
    const instead = insteadOfArrival(heartbeat, [found, stored])
    if (instead !== undefined || report === undefined) return instead ?? { needReport: true }
    checkKind(kind, report)
    const refused = report.kind === 'broker' ? this.#host.refuseBroker(id, report) : undefined
    if (refused !== undefined) return { stop: refused }
    if (kind === 'client' && found === undefined) {
      const comeBackInMs =
        this.#byId.client.size >= clientsMax ? fullComeBackMs : Math.ceil(this.#gate.arrive(clock.nowMs()))
      if (comeBackInMs > 0) {
        this.counts.deferred += 1
        return { comeBackInMs }
      }
    }
    const session = new Session(kind, id, incarnation, found === undefined ? [] : retire(found), report)
    session.dirtySinceMs = clock.nowMs()
    if (found !== undefined) this.#supersede(found)
    this.#byId[kind].set(id, session)
    if (kind === 'broker') this.#told.add(id)
    return session
  }

  /** The older process learns at its next heartbeat that it is to stop: now, if it reads. */
  #supersede(old: Session): void {
    this.#interest.set(old, [])
    this.#pushes.forget(old)
    const push = { type: 'push', castleEpoch: this.#host.castleEpoch, subjects: [], withinMs: 0 }
    if (old.link !== undefined) this.#send(old.link, JSON.stringify(push))
    old.link = undefined
  }

  #hear(session: Session, seq: number, link: Link | undefined): void {
    session.heardMs = this.#options.attention.nowMs()
    session.heardWallMs = this.#options.clock.wallMs()
    const isNewest = seq > session.seq
    session.seq = Math.max(session.seq, seq)
    // What an earlier link still brings, after the sender is on another, does not bring it back.
    if (link === undefined || session.link === link || !isNewest) return
    const before = session.link
    session.link = link
    this.#speakers.set(link, session)
    before?.close()
  }

  #takeReport(session: Session, reportNumber: number, report: Session['report']): void {
    checkKind(session.kind, report)
    this.counts.reports += 1
    const { holds } = session.report
    session.report = report
    session.reportNumber = reportNumber
    this.#consider(session, holds)
  }

  #consider(session: Session, heldBefore: Holds): void {
    session.soil(this.#options.clock.nowMs())
    this.#interest.set(session, this.#host.onReport(session, heldBefore))
  }

  async #registered(registration: Promise<string | undefined>, session: Session, seq: number): Promise<string> {
    const stop = await registration
    return stop === undefined ? this.#answerOf(session, seq) : this.#short(session.kind, seq, { stop })
  }

  #answerOf(session: Session, seq: number): string {
    const head = this.#heads.of(session.kind, this.#host.castleEpoch)
    const nowMs = this.#options.clock.nowMs()
    session.wanted = this.#host.wanted(session)
    if (!session.dirty) return steadyAnswer(head, session, seq, nowMs)
    const text = fullAnswer(head, session, seq, this.#host.scope(session), nowMs)
    if (session.kind === 'client' && (session.report as ClientReport).stopping === true) this.forget(session)
    return text
  }

  #short(kind: 'broker' | 'client', seq: number, more: Readonly<Record<string, unknown>>): string {
    return shortAnswer(this.#heads.of(kind, this.#host.castleEpoch), seq, more)
  }

  // -------------------------------------------------------------- calls

  #onCall(link: Link, session: Session | undefined, call: Call): void {
    if (session === undefined)
      throw new HeartbeatMessageError('INVALID_MESSAGE', '/type', 'a call came before a heartbeat')
    const result = session.resultOf(call, () => this.#host.onCall(session, call))
    result.then(
      (done) => this.#send(link, JSON.stringify(done)),
      (error: unknown) => this.#options.log.error({ error }, 'a call failed in a way it did not expect'),
    )
  }

  /** A link whose peer does not read is closed before it costs more memory. */
  #send(link: Link, text: string): void {
    if (link.bufferedBytes <= unsentBytesMax) return link.send(text)
    const fields = { peer: link.peer, bytes: link.bufferedBytes }
    this.#complaints.say('unread', fields, 'closing a link: its peer does not read')
    link.close()
  }
}

// A store that went back in time (R14): restored from a backup, emptied, or left behind. Brokers remember what they were told, so what the
// store forgot is asked of them, and until all who can know have spoken nothing is decided that could contradict it.
//
//   report: holds or remembers something newer --> higher Castle epoch, every topic in doubt (one commit)
//   start: the database is behind its mark (store/sqlite-mark.ts) --> every topic in doubt
//   answer: wantSubjects --> report: subjects --> adopted, the newest counts --> all replicas' brokers heard --> doubt over, elections
//
// What brokers offer is in memory only: they say it again to the next Castle. That a topic is in doubt is in the store.
import { type BrokerReport, castleEpochOf, HeartbeatMessageError, readSubject } from '@castellan/protocol/heartbeat'
import { type Clock, Complaints, type Logger } from '@castellan/protocol/runtime'
import type { BrokerReports } from '../brokers/reports.ts'
import { CastleError } from '../errors.ts'
import type { Session } from '../heartbeats/session.ts'
import type { Changes } from '../state/changes.ts'
import type { Draft } from '../state/draft.ts'
import type { RefusedTopic, Topic } from '../state/entities.ts'
import type { State, View } from '../state/state.ts'
import { adopt, type Offered, refuseTopic } from './adopt.ts'
import { awaitedBy, giveUp, isInDoubt, unheardOf } from './doubts.ts'
import { isOffer, offersOf } from './known.ts'
import { findSettled, type Settling, settleDoubts } from './settle.ts'

/** Asked for in one answer: each may be a megabyte. */
const wantedMax = 20

interface Offers {
  readonly incarnation: string
  readonly cluster: string
  /** Topic id -> the newest version that it knows; only of topics that the store knows less of. */
  readonly topics: Map<string, number>
}

export interface RestoreOptions {
  readonly changes: Changes
  readonly reports: BrokerReports
  readonly clock: Clock
  readonly log: Logger
}

export class Restore {
  readonly #options: RestoreOptions
  readonly #offers = new Map<number, Offers>()
  /** Brokers that registered with this Castle and reported: what they knew is known. */
  readonly #heard = new Set<number>()
  /** Topics that the store does not know, and that made it doubt all others. */
  readonly #strangers = new Set<string>()
  readonly #complaints: Complaints
  /** By broker: what could not be written of what it says, and is taken up again by the next sweep. */
  readonly #unwritten = new Map<number, Session>()
  #settling = false

  constructor(options: RestoreOptions) {
    this.#options = options
    this.#complaints = new Complaints(options.clock, options.log)
  }

  get #state(): State {
    return this.#options.changes.state
  }

  /**
   * Takes in what a broker knows. Returns what it knows better than the store although nothing is in doubt yet, as a sentence's end:
   * the caller raises the Castle epoch, and puts everything in doubt.
   */
  hear(session: Session): string | undefined {
    const { id, incarnation, report, cluster = '' } = session
    const { holds, remembers = {} } = report as BrokerReport
    const brokerId = Number(id)
    const before = this.#offers.get(brokerId)
    const topics = offersOf(this.#state, cluster, versionsOf(holds, remembers))
    // A process says once what its folder remembers; another one may have another folder.
    if (before?.incarnation === incarnation) {
      for (const [topicId, version] of before.topics) {
        if (isOffer(this.#state, cluster, topicId, version))
          topics.set(topicId, Math.max(version, topics.get(topicId) ?? 0))
      }
    }
    this.#offers.set(brokerId, { incarnation, cluster, topics })
    return this.#news(brokerId)
  }

  /** What of a broker's offers nobody has acted upon; undefined: nothing. */
  #news(brokerId: number): string | undefined {
    const { cluster = '', topics = new Map<string, number>() } = this.#offers.get(brokerId) ?? {}
    for (const [topicId, version] of topics) {
      if (!isOffer(this.#state, cluster, topicId, version)) continue
      const topic = this.#state.get('topic', topicId)
      if (topic === undefined && !this.#strangers.has(topicId)) {
        return `version ${version} of topic/${topicId}, which the store does not know`
      }
      if (topic !== undefined && !isInDoubt(topic))
        return `version ${version} of topic/${topicId}, a newer one than the store`
    }
    return undefined
  }

  isNews(session: Session): boolean {
    return this.#news(Number(session.id)) !== undefined
  }

  /** The highest Castle epoch of what a broker offers. */
  castleEpochOffered(session: Session): number {
    const versions = [...(this.#offers.get(Number(session.id))?.topics.values() ?? [])]
    return versions.reduce((highest, version) => Math.max(highest, castleEpochOf(version)), 0)
  }

  /** Everything is in doubt because of what a broker offers: that has been acted upon. */
  doubted(session: Session): void {
    for (const topicId of this.#offers.get(Number(session.id))?.topics.keys() ?? []) {
      if (this.#state.get('topic', topicId) === undefined) this.#strangers.add(topicId)
    }
  }

  /** Keys of subjects that a broker is to send. */
  wanted(session: Session): string[] {
    const offers = this.#offers.get(Number(session.id))
    if (offers === undefined || offers.topics.size === 0 || offers.incarnation !== session.incarnation) return []
    const wanted: string[] = []
    for (const [topicId, version] of offers.topics) {
      if (!isOffer(this.#state, offers.cluster, topicId, version)) continue
      wanted.push(`topic/${topicId}`)
      if (wanted.length === wantedMax) break
    }
    return wanted
  }

  /** Brokers that know topics of a cluster which the store does not, and have not said what they are: names may be theirs. */
  awaitedForStrangers(cluster: string): number[] {
    return [...this.#offers.keys()].filter((id) => this.strangersOf(cluster, id).length > 0).sort((a, b) => a - b)
  }

  /** Ids of topics of a cluster that a broker alone can tell of. */
  strangersOf(cluster: string, brokerId: number): string[] {
    const offers = this.#offers.get(brokerId)
    if (offers?.cluster !== cluster || !this.#canTell(brokerId)) return []
    const isStrange = ([topicId, version]: [string, number]) =>
      this.#state.get('topic', topicId) === undefined && isOffer(this.#state, cluster, topicId, version)
    return [...offers.topics].filter(isStrange).map(([topicId]) => topicId)
  }

  /** Throws TOPIC_IN_DOUBT: a name that is free in the store may be that of a topic which is on its way back. */
  checkNameKnown(cluster: string, name: string): void {
    if (this.#state.topicNamed(cluster, name) !== undefined) return
    const brokers = this.awaitedForStrangers(cluster)
    if (brokers.length === 0) return
    const who = brokers.slice(0, 10).join(', ')
    const message = `a topic '${name.slice(0, 300)}' may be on its way back: the store forgot topics that broker ${who} knows`
    const next = 'Try again in a moment; start that broker if it is down, or give it up.'
    throw new CastleError('TOPIC_IN_DOUBT', message, { next, params: { name: name.slice(0, 300), brokers: who } })
  }

  /** A registered broker's report: takes over what it sent, and ends the doubts that can end. */
  proceed(session: Session): void {
    this.#heard.add(Number(session.id))
    const { subjects = [] } = session.report as BrokerReport
    const offered = subjects.flatMap((subject) => this.#read(session.id, subject))
    const settling = this.#settlingIn(this.#state)
    const isNews = offered.some(({ subject, state }) =>
      isOffer(this.#state, session.cluster ?? '', state.topicId, subject.version),
    )
    if (!isNews && (this.#settling || findSettled(this.#state.all('topic'), settling).length === 0)) return
    this.#settling = true
    this.#change((draft) => {
      const broker = draft.get('broker', session.id)
      if (broker?.up === true && broker.incarnation === session.incarnation) this.#adoptAll(draft, session, offered)
      // With what it has just said: it may be the last word for long, also where nobody else has anything to report.
      settleDoubts(draft, this.#settlingIn(draft))
    }, session)
  }

  /** About once a second. The broker says the same again only when something else of it changes. */
  sweep(): void {
    const sessions = [...this.#unwritten.values()]
    this.#unwritten.clear()
    for (const session of sessions) this.proceed(session)
  }

  #change(compute: (draft: Draft) => void, session: Session): void {
    this.#options.changes
      .change(compute)
      .catch((error: unknown) => {
        if (error instanceof CastleError && error.code === 'NOT_ACTIVE') return
        this.#unwritten.set(Number(session.id), session)
        this.#complaints.say('restore', { error }, 'what brokers know could not be taken over: trying again', 'error')
      })
      .finally(() => {
        this.#settling = false
      })
  }

  #adoptAll(draft: Draft, session: Session, offered: readonly Offered[]): void {
    const { cluster = '' } = session
    for (const each of offered) {
      const { topicId, name } = each.state
      const adoption = adopt(draft, Number(session.id), cluster, each, 'brokers know better')
      if (adoption !== 'name-taken' && adoption !== 'not-believed') continue
      if (!isOffer(draft, cluster, topicId, each.subject.version)) continue
      refuseTopic(draft, cluster, session.id, each, adoption)
      this.#complaints.say('refused', { topicId, name, adoption }, 'a topic of a broker cannot be taken over')
    }
  }

  #read(broker: string, subject: NonNullable<BrokerReport['subjects']>[number]): Offered[] {
    try {
      const typed = readSubject(subject)
      return typed?.kind === 'topic' ? [{ subject, state: typed.state }] : []
    } catch (error) {
      if (!(error instanceof HeartbeatMessageError)) throw error
      this.#complaints.say('subject', { broker, key: subject.key, error: error.message }, 'a subject cannot be read')
      return []
    }
  }

  #settlingIn(view: View): Settling {
    return {
      reports: this.#options.reports,
      isHeard: (id) => this.#heard.has(id),
      offering: (topic) => this.#offering(topic, view),
    }
  }

  /** Brokers that know more of a topic, and have not said what. Of those that were given up nothing comes. */
  #offering(topic: Topic, view: View): number[] {
    const offering: number[] = []
    for (const [brokerId, { cluster, topics }] of this.#offers) {
      const version = topics.get(topic.topicId)
      if (version === undefined || topic.doubt?.givenUp?.includes(brokerId)) continue
      if (this.#canTell(brokerId) && isOffer(view, cluster, topic.topicId, version)) offering.push(brokerId)
    }
    return offering
  }

  /** Brokers of the first release know, but cannot say: nobody waits for that. */
  #canTell(brokerId: number): boolean {
    return this.#options.reports.of(brokerId)?.replicates === true
  }

  /** All brokers of its replicas have spoken to this Castle: nobody knows of it what they have not said. */
  isHeard(topic: Topic): boolean {
    return unheardOf(topic, (id) => this.#heard.has(id)).length === 0
  }

  /** Whom a topic in doubt waits for. */
  awaited(topic: Topic): number[] {
    if (!isInDoubt(topic)) return []
    return [...new Set([...awaitedBy(topic, (id) => this.#heard.has(id)), ...this.#offering(topic, this.#state)])].sort(
      (a, b) => a - b,
    )
  }

  /** Topics of brokers that the store does not know and cannot take over: their logs stay as strays. */
  refused(): (RefusedTopic & { readonly topicId: string; readonly cluster: string })[] {
    return [...this.#state.all('cluster')].flatMap(({ id: cluster, refused = {} }) =>
      Object.entries(refused).map(([topicId, each]) => ({ topicId, cluster, ...each })),
    )
  }

  /** A person gives a broker up. Resolves to the number of topics that waited for it; rejects with a CastleError. */
  async giveUp(cluster: string, brokerId: number, why: string): Promise<number> {
    const offers = this.#offers.get(brokerId)
    const strangers = this.strangersOf(cluster, brokerId).length
    const given = await this.#options.changes.change((draft) => {
      const isAwaited = (topic: Topic) => this.awaited(topic).includes(brokerId)
      const topics = giveUp(draft, cluster, brokerId, { isAwaited, strangers, why })
      // The draft's topics are asked: they know already who was given up.
      settleDoubts(draft, this.#settlingIn(draft))
      return topics
    })
    // What it says from now on counts.
    if (this.#offers.get(brokerId) === offers) this.#offers.delete(brokerId)
    return given
  }
}

function* versionsOf(
  holds: Readonly<Record<string, number>>,
  remembers: Readonly<Record<string, number>>,
): Iterable<readonly [string, number]> {
  for (const [key, version] of Object.entries(holds)) {
    if (key.startsWith('topic/')) yield [key.slice('topic/'.length), version]
  }
  yield* Object.entries(remembers)
}

// What is wrong at the moment, worst first: made from the state and from what senders report. Made at most once a second,
// whoever asks, because it looks at everything.
//
// What many things share is one problem with a count: a broker's death must not bury everything else under ten thousand rows.
import type { Clock, Timer } from '@castellan/protocol/runtime'
import type { Castle } from '../castle.ts'
import type { Session } from '../heartbeats/session.ts'
import type { Topic } from '../state/entities.ts'
import { brokersOf, topicsOf } from '../state/state.ts'
import { countStates } from './partitions.ts'
import type { ProblemView } from './schemas/system.ts'
import { behind, isoTime } from './views.ts'

/** A problem before it is known since when it is there. */
type Found = Omit<ProblemView, 'since'> & { readonly sinceMs: number | null }

const ageMaxMs = 1_000
/** Also while nobody asks: since when something is there is known so well. */
const lookEveryMs = 5_000
/** A client that heartbeats and still holds something old after so long does not follow. */
const behindAfterMs = 10_000
const aboutMax = 20
const stuckShownMax = 1_000
const faultsShownMax = 100
const lossShownMs = 86_400_000
const harms = {
  'store-failed': 1,
  leaderless: 1,
  'in-doubt': 1,
  'below-min-isr': 1,
  lost: 2,
  'log-fault': 2,
  'disk-full': 3,
  'broker-down': 3,
  stuck: 4,
  'under-replicated': 5,
  recovering: 5,
  refused: 5,
  'client-behind': 6,
} as const

export class Problems {
  readonly #castle: Castle
  readonly #clock: Clock
  #madeMs = Number.NEGATIVE_INFINITY
  #problems: ProblemView[] = []
  /** By identity: since when those are there that do not say so themselves. */
  #seen = new Map<string, number>()
  #timer: Timer | undefined

  constructor(castle: Castle, clock: Clock) {
    this.#castle = castle
    this.#clock = clock
  }

  /** Looks now and then, until `close`: or what began at night would be new to whoever asks in the morning. */
  watch(): void {
    this.all()
    this.#timer = this.#clock.after(lookEveryMs, () => this.watch())
  }

  close(): void {
    this.#timer?.cancel()
  }

  /** Worst first, then oldest. */
  all(): readonly ProblemView[] {
    const nowMs = this.#clock.nowMs()
    if (nowMs - this.#madeMs >= ageMaxMs) {
      this.#madeMs = nowMs
      this.#problems = this.#make(nowMs)
    }
    return this.#problems
  }

  #make(nowMs: number): ProblemView[] {
    const seen = new Map<string, number>()
    const dated = [...findProblems(this.#castle, nowMs)].map(({ sinceMs, ...found }): ProblemView => {
      const id = identityOf(found)
      const since = sinceMs ?? this.#seen.get(id) ?? this.#clock.wallMs()
      if (sinceMs === null) seen.set(id, since)
      return { ...found, since: isoTime(since) }
    })
    this.#seen = seen
    return dated.sort((a, b) => (problemKey(a) < problemKey(b) ? -1 : 1))
  }
}

/** What tells problems apart, in the order in which they are shown. */
export function problemKey(problem: ProblemView): string {
  return `${problem.harm}/${problem.since}/${identityOf(problem)}`
}

function identityOf({
  kind,
  what,
  cluster,
  params,
  about,
}: Pick<ProblemView, 'kind' | 'what' | 'cluster' | 'params' | 'about'>): string {
  const { partition = '', offset = '', group = '' } = params
  return `${what}/${cluster}/${group}/${isShared(kind) ? '' : about[0]}/${partition}@${offset}`
}

/** Of many things together, which may change while it is the same problem. */
function isShared(kind: ProblemView['kind']): boolean {
  return ['leaderless', 'in-doubt', 'below-min-isr', 'under-replicated', 'client-behind'].includes(kind)
}

function* findProblems(castle: Castle, nowMs: number): Iterable<Found> {
  const { writeFailure } = castle
  if (writeFailure !== null) {
    const params = { reason: writeFailure.reason }
    yield { ...of('store-failed', '', 'STORE_FAILED', params, []), sinceMs: writeFailure.sinceMs }
  }
  for (const [id, { recovery }] of castle.brokers.vitals.strangers()) {
    // It says of itself where it recovers, and of its cluster when it registers.
    const params = { broker: id, logs: recovery.logs, opened: recovery.opened }
    yield { ...of('recovering', '', 'BROKER_RECOVERING', params, [`broker/${id}`]), sinceMs: null }
  }
  for (const { id } of castle.state.all('cluster')) {
    yield* partitionTroubles(castle, id)
    yield* strangers(castle, id)
    yield* refusals(castle, id)
    yield* losses(castle, id)
    for (const broker of brokersOf(castle.state, id)) {
      const about = [`broker/${broker.id}`]
      if (!broker.up) {
        // Its next process may be on its way already.
        const { logs, opened } = castle.brokers.vitals.of(broker.id)?.vitals.recovery ?? {}
        const recovery = logs === undefined || opened === undefined ? {} : { logs, opened }
        const params = { broker: broker.id, host: broker.host, port: broker.port, why: broker.why, ...recovery }
        yield { ...of('broker-down', id, 'BROKER_DOWN', params, about), sinceMs: broker.sinceMs }
      }
      if (broker.up && broker.full === true) {
        yield { ...of('disk-full', id, 'BROKER_DISK_FULL', { broker: broker.id }, about), sinceMs: null }
      }
      for (const { topicId, partition, fault } of castle.brokers.reports.faults(broker.id).slice(0, faultsShownMax)) {
        const topic = castle.state.get('topic', topicId)?.name ?? null
        const params = { broker: broker.id, topic, topicId, partition, fault }
        yield { ...of('log-fault', id, 'LOG_OUT_OF_USE', params, [`topic/${topicId}`, ...about]), sinceMs: null }
      }
    }
  }
  yield* stuck(castle)
  yield* clientsBehind(castle, nowMs)
}

/** One problem for all partitions of a cluster that share a trouble. */
function* partitionTroubles(castle: Castle, cluster: string): Iterable<Found> {
  const leaderless = new Tally()
  const belowMinIsr = new Tally()
  const underReplicated = new Tally()
  const inDoubt = new Tally()
  const awaited = new Set<number>()
  for (const topic of topicsOf(castle.state, cluster)) {
    if (topic.deleted) continue
    const counts = countStates(topic)
    leaderless.add(topic, counts.leaderless)
    belowMinIsr.add(topic, counts.belowMinIsr)
    underReplicated.add(topic, counts.underReplicated)
    if (topic.doubt === undefined) continue
    inDoubt.add(topic, topic.partitions.length)
    for (const id of castle.restore.awaited(topic)) awaited.add(id)
  }
  const down = [...brokersOf(castle.state, cluster)].filter(({ up }) => !up).map(({ sinceMs }) => sinceMs)
  const sinceMs = down.length === 0 ? null : Math.max(...down)
  yield* leaderless.found('leaderless', cluster, 'PARTITIONS_LEADERLESS', sinceMs)
  // Who has to report, or be given up.
  const brokers = [...awaited].sort((a, b) => a - b).slice(0, aboutMax)
  yield* inDoubt.found('in-doubt', cluster, 'TOPICS_IN_DOUBT', null, { brokers: brokers.join(', ') })
  yield* belowMinIsr.found('below-min-isr', cluster, 'PARTITIONS_BELOW_MIN_ISR', sinceMs)
  yield* underReplicated.found('under-replicated', cluster, 'PARTITIONS_UNDER_REPLICATED', sinceMs)
}

class Tally {
  #partitions = 0
  readonly #topics: Topic[] = []

  add(topic: Topic, partitions: number): void {
    if (partitions === 0) return
    this.#partitions += partitions
    this.#topics.push(topic)
  }

  *found(
    kind: keyof typeof harms,
    cluster: string,
    what: string,
    sinceMs: number | null,
    more: Found['params'] = {},
  ): Iterable<Found> {
    if (this.#partitions === 0) return
    const names = this.#topics.slice(0, 3).map(({ name }) => name)
    const params = { partitions: this.#partitions, topics: this.#topics.length, examples: names.join(', '), ...more }
    const about = this.#topics.slice(0, aboutMax).map(({ topicId }) => `topic/${topicId}`)
    yield { ...of(kind, cluster, what, params, about), sinceMs }
  }
}

/** Topics that the store forgot, and that are not told of yet: nothing is in doubt because of them, but no topic is made meanwhile (R14). */
function* strangers(castle: Castle, cluster: string): Iterable<Found> {
  const awaited = castle.restore.awaitedForStrangers(cluster)
  if (awaited.length === 0) return
  const topics = new Set(awaited.flatMap((id) => castle.restore.strangersOf(cluster, id)))
  const params = { topics: topics.size, brokers: awaited.slice(0, aboutMax).join(', ') }
  const about = awaited.slice(0, aboutMax).map((id) => `broker/${id}`)
  yield { ...of('in-doubt', cluster, 'TOPICS_FORGOTTEN', params, about), sinceMs: null }
}

/** Topics of brokers that could not be taken over: while a broker still has logs of them, for they are all that is left (R13). */
function* refusals(castle: Castle, cluster: string): Iterable<Found> {
  const refused = castle.restore.refused().filter((each) => each.cluster === cluster)
  if (refused.length === 0) return
  const { reports } = castle.brokers
  const brokers = [...brokersOf(castle.state, cluster)].map(({ id }) => id)
  for (const { topicId, name, why } of refused) {
    const holders = brokers.filter((id) => reports.hasLogsOf(id, topicId))
    if (holders.length === 0) continue
    const params = { topic: name, topicId, why, brokers: holders.slice(0, aboutMax).join(', ') }
    const about = [`topic/${topicId}`, ...holders.slice(0, aboutMax).map((id) => `broker/${id}`)]
    yield { ...of('refused', cluster, 'TOPIC_REFUSED', params, about), sinceMs: null }
  }
}

/** Elections of the last day in which messages may have been lost (R7, R8): said, for nobody can undo them. */
function* losses(castle: Castle, cluster: string): Iterable<Found> {
  for (const topic of topicsOf(castle.state, cluster)) {
    const recent = (topic.losses ?? []).filter(({ atMs }) => castle.wallMs - atMs < lossShownMs)
    const last = recent.at(-1)
    if (topic.deleted || last === undefined) continue
    const known = recent.map(({ messagesMax }) => messagesMax)
    const messagesMax = known.reduce<number | null>(
      (sum, each) => (sum === null || each === null ? null : sum + each),
      0,
    )
    const params = { topic: topic.name, topicId: topic.topicId, elections: recent.length, messagesMax }
    yield { ...of('lost', cluster, 'MESSAGES_LOST', params, [`topic/${topic.topicId}`]), sinceMs: last.atMs }
  }
}

function* stuck(castle: Castle): Iterable<Found> {
  let left = stuckShownMax
  for (const one of castle.clients.stuckNow()) {
    if (left-- === 0) return
    const { cluster, group, client, topicId, partition, offset, attempts, error, sinceMs } = one
    const topic = castle.state.get('topic', topicId)?.name ?? null
    const params = { group, topic, topicId, partition, offset, attempts, error, client }
    const about = [`topic/${topicId}`, `group/${cluster}/${group}`, `client/${client}`]
    yield { ...of('stuck', cluster, 'PARTITION_STUCK', params, about), sinceMs }
  }
}

function* clientsBehind(castle: Castle, nowMs: number): Iterable<Found> {
  const byCluster = new Map<string, Session[]>()
  for (const session of castle.sessions.all('client')) {
    if (!session.dirty || nowMs - session.dirtySinceMs < behindAfterMs) continue
    if (behind(castle, session).length === 0) continue
    const cluster = session.cluster ?? ''
    const sessions = byCluster.get(cluster)
    if (sessions === undefined) byCluster.set(cluster, [session])
    else sessions.push(session)
  }
  for (const [cluster, sessions] of byCluster) {
    const about = sessions.slice(0, aboutMax).map(({ id }) => `client/${id}`)
    const params = {
      clients: sessions.length,
      examples: sessions
        .slice(0, 3)
        .map(({ id }) => id)
        .join(', '),
    }
    yield { ...of('client-behind', cluster, 'CLIENTS_BEHIND', params, about), sinceMs: null }
  }
}

function of(
  kind: keyof typeof harms,
  cluster: string,
  what: string,
  params: ProblemView['params'],
  about: string[],
): Omit<Found, 'sinceMs'> {
  return { kind, harm: harms[kind], cluster, what, params, about }
}

// What is wrong at the moment, worst first: made from the state and from what senders report. Made at most once a second,
// whoever asks, because it looks at everything.
//
// What many things share is one problem with a count: a broker's death must not bury everything else under ten thousand rows.
import type { Clock } from '@castellan/protocol/runtime'
import type { Castle } from '../castle.ts'
import type { Session } from '../heartbeats/session.ts'
import { brokersOf, topicsOf } from '../state/state.ts'
import type { ProblemView } from './schemas.ts'
import { behind, isoTime } from './views.ts'

/** A problem before it is known since when it is there. */
type Found = Omit<ProblemView, 'since'> & { readonly sinceMs: number | null }

const ageMaxMs = 1_000
/** A client that heartbeats and still holds something old after so long does not follow. */
const behindAfterMs = 10_000
const aboutMax = 20
const stuckShownMax = 1_000
const faultsShownMax = 100
const harms = {
  'store-failed': 1,
  leaderless: 1,
  'log-fault': 2,
  'broker-down': 3,
  stuck: 4,
  'client-behind': 5,
} as const

export class Problems {
  readonly #castle: Castle
  readonly #clock: Clock
  #madeMs = Number.NEGATIVE_INFINITY
  #problems: ProblemView[] = []
  /** By identity: since when those are there that do not say so themselves. */
  #seen = new Map<string, number>()

  constructor(castle: Castle, clock: Clock) {
    this.#castle = castle
    this.#clock = clock
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
  cluster,
  params,
  about,
}: Pick<ProblemView, 'kind' | 'cluster' | 'params' | 'about'>): string {
  const { partition = '', offset = '', group = '' } = params
  return `${kind}/${cluster}/${group}/${kind === 'leaderless' || kind === 'client-behind' ? '' : about[0]}/${partition}@${offset}`
}

function* findProblems(castle: Castle, nowMs: number): Iterable<Found> {
  const { writeFailure } = castle
  if (writeFailure !== null) {
    const params = { reason: writeFailure.reason }
    yield { ...of('store-failed', '', 'STORE_FAILED', params, []), sinceMs: writeFailure.sinceMs }
  }
  for (const { id } of castle.state.all('cluster')) {
    yield* leaderless(castle, id)
    for (const broker of brokersOf(castle.state, id)) {
      const about = [`broker/${broker.id}`]
      if (!broker.up) {
        const params = { broker: broker.id, host: broker.host, port: broker.port, why: broker.why }
        yield { ...of('broker-down', id, 'BROKER_DOWN', params, about), sinceMs: broker.sinceMs }
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

function* leaderless(castle: Castle, cluster: string): Iterable<Found> {
  let partitions = 0
  const topics: string[] = []
  const names: string[] = []
  for (const topic of topicsOf(castle.state, cluster)) {
    let own = 0
    for (const { leader } of topic.partitions) if (leader === -1) own += 1
    if (own === 0) continue
    partitions += own
    topics.push(`topic/${topic.topicId}`)
    if (names.length < 3) names.push(topic.name)
  }
  if (partitions === 0) return
  const down = [...brokersOf(castle.state, cluster)].filter(({ up }) => !up).map(({ sinceMs }) => sinceMs)
  const params = { partitions, topics: topics.length, examples: names.join(', ') }
  const found = of('leaderless', cluster, 'PARTITIONS_LEADERLESS', params, topics.slice(0, aboutMax))
  yield { ...found, sinceMs: down.length === 0 ? null : Math.max(...down) }
}

function* stuck(castle: Castle): Iterable<Found> {
  let left = stuckShownMax
  for (const one of castle.stuckNow()) {
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

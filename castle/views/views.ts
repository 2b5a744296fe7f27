// Castle's state as the API and the console show it: desired beside actual, names beside ids. Read only.
import type { ClientReport, PartitionsByTopic } from '@castellan/protocol/heartbeat'
import { replicationFactorOf } from '@castellan/protocol/settings'
import type { HeardVitals } from '../brokers/vitals.ts'
import type { Castle } from '../castle.ts'
import { rulesOf } from '../election/rules.ts'
import type { Session } from '../heartbeats/session.ts'
import { scopeOf } from '../scope.ts'
import type { WriteFailure } from '../state/changes.ts'
import type { Broker, Cluster, Decision, Topic } from '../state/entities.ts'
import { brokersOf, topicsOf } from '../state/state.ts'
import { countStates, viewPartitions } from './partitions.ts'
import type { ClientSummary, ClientView } from './schemas/clients.ts'
import type { BrokerView, ClusterView } from './schemas/clusters.ts'
import type { DecisionView, HealthView } from './schemas/system.ts'
import type { TopicClientView, TopicSummary, TopicView } from './schemas/topics.ts'

/** Others' clocks say what they like: a time that no Date can be is the last one that it can. */
export function isoTime(wallMs: number): string {
  return new Date(Math.min(wallMs, 8_640_000_000_000_000)).toISOString()
}

export function viewCluster(castle: Castle, cluster: Cluster): ClusterView {
  const brokers = [...brokersOf(castle.state, cluster.id)]
  const topics = [...topicsOf(castle.state, cluster.id)].filter(({ deleted, internal }) => !deleted && !internal)
  let clients = 0
  for (const session of castle.sessions.all('client')) if (session.cluster === cluster.id) clients += 1
  return {
    id: cluster.id,
    kind: cluster.kind,
    environment: cluster.environment,
    flags: { ...cluster.flags },
    brokers: brokers.length,
    brokersUp: brokers.filter(({ up }) => up).length,
    topics: topics.length,
    clients,
  }
}

/** What each broker leads and holds, counted in one pass over all topics. */
export function talliesOf(castle: Castle): (brokerId: number) => Tally {
  const tallies = new Map<number, { leaders: number; replicas: number }>()
  const of = (id: number) => {
    const tally = tallies.get(id) ?? { leaders: 0, replicas: 0 }
    tallies.set(id, tally)
    return tally
  }
  for (const { partitions } of castle.state.all('topic')) {
    for (const { leader, replicas } of partitions) {
      if (leader >= 0) of(leader).leaders += 1
      for (const id of replicas) of(id).replicas += 1
    }
  }
  return of
}

interface Tally {
  readonly leaders: number
  readonly replicas: number
}

export function viewBroker(castle: Castle, broker: Broker, { leaders, replicas }: Tally): BrokerView {
  const { state, brokers } = castle
  const { cluster, host, port, metricsPort, rack, pid, release, why, brokerEpoch } = broker
  const report = brokers.reports.of(broker.id)
  const session = castle.sessions.get('broker', String(broker.id))
  const faults = brokers.reports.faults(broker.id).map(({ topicId, partition, fault }) => {
    return { topicId, topic: state.get('topic', topicId)?.name ?? null, partition, fault: fault ?? '' }
  })
  return {
    id: broker.id,
    ...{ cluster, host, port, metricsPort, rack, pid, release },
    state: broker.up ? 'up' : 'down',
    why,
    since: isoTime(broker.sinceMs),
    brokerEpoch,
    stopping: report?.stopping ?? false,
    lastHeard: session === undefined ? null : isoTime(session.heardWallMs),
    leaders,
    replicas,
    faults,
    strays: brokers.reports.strays(state, broker.id),
    behind: session === undefined ? [] : behind(castle, session),
    ...viewVitals(brokers.vitals.of(broker.id), broker.up),
  }
}

/** What a process says while it recovers is of another one than the broker that is up. */
function viewVitals(
  heard: HeardVitals | undefined,
  up: boolean,
): Pick<BrokerView, 'startedAt' | 'recovery' | 'vitals'> {
  if (heard === undefined) return { startedAt: null, recovery: null, vitals: null }
  const { startedMs, loopHeldMs, logBytes, writes, lastStop, recovery } = heard.vitals
  const startedAt = startedMs === undefined ? null : isoTime(startedMs)
  if (recovery !== undefined) return { startedAt, recovery, vitals: null }
  const isWhole = loopHeldMs !== undefined && logBytes !== undefined && writes !== undefined && lastStop !== undefined
  if (!up || !isWhole) return { startedAt: null, recovery: null, vitals: null }
  const { path: writePath, longestMs: longestWriteMs, slow: slowWrites, leftLoop } = writes
  const at = isoTime(heard.atMs)
  const vitals = { at, loopHeldMs, logBytes, writePath, longestWriteMs, slowWrites, leftLoop, lastStop }
  return { startedAt, recovery: null, vitals }
}

export function summarizeTopic(topic: Topic): TopicSummary {
  const { name, topicId, cluster, internal, ackLevel, owner, labels, partitions } = topic
  return {
    ...{ name, topicId, cluster, internal, ackLevel, owner },
    partitions: partitions.length,
    replicationFactor: replicationOf(topic).replicationFactor,
    labels: { ...labels },
    ...countStates(topic),
    losses: topic.losses?.at(-1)?.number ?? 0,
    createdAt: isoTime(topic.createdMs),
  }
}

export function viewTopic(castle: Castle, topic: Topic): TopicView {
  const { replicationFactor, minIsr } = replicationOf(topic)
  const { name, topicId, cluster, internal, ackLevel, description, owner, version } = topic
  const key = `topic/${topicId}`
  const tally = (sessions: Iterable<Session>) => {
    const all = [...sessions]
    return { senders: all.length, current: all.filter(({ report }) => report.holds[key] === version).length }
  }
  return {
    ...{ name, topicId, cluster, internal, ackLevel, description, owner, version },
    partitions: viewPartitions(castle, topic),
    replicationFactor,
    minInsyncReplicas: minIsr,
    configs: { ...topic.configs },
    labels: { ...topic.labels },
    createdAt: isoTime(topic.createdMs),
    applied: {
      brokers: tally(castle.sessions.interestedIn(`topics/${cluster}`)),
      clients: tally(castle.sessions.interestedIn(`topic/${cluster}/${name}`)),
    },
    losses: (topic.losses ?? []).map(({ atMs, from, ...loss }) => ({ ...loss, at: isoTime(atMs), from: [...from] })),
    doubt: topic.doubt === undefined ? null : { since: isoTime(topic.doubt.sinceMs), why: topic.doubt.why },
  }
}

/** As its first partition has it; all have, but while they are reassigned. */
function replicationOf(topic: Topic): { replicationFactor: number; minIsr: number } {
  const [first] = topic.partitions
  if (first === undefined) return { replicationFactor: 0, minIsr: 0 }
  return { replicationFactor: replicationFactorOf(first), minIsr: rulesOf(topic)(first).minIsr }
}

/** A client of a topic: whether it follows the topic's newest version. */
export function viewTopicClient(topic: Topic, session: Session): TopicClientView {
  const { service, host, holds } = session.report as ClientReport
  const version = holds[`topic/${topic.topicId}`] ?? null
  const linked = session.link !== undefined
  const confirmed = session.confirmed?.get(topic.topicId)
  const isApplied = version === topic.version
  return {
    ...{ id: session.id, service, host, linked, version, desired: topic.version },
    state: isApplied ? 'applied' : linked ? 'pending' : 'offline',
    appliedMs: isApplied && confirmed?.version === version ? confirmed.appliedMs : null,
  }
}

export function summarizeClient(castle: Castle, session: Session): ClientSummary {
  const { service, host, pid, release, topics, groups } = session.report as ClientReport
  return {
    id: session.id,
    ...{ service, host, pid, release, topics },
    cluster: session.cluster ?? null,
    groups: groups.map(({ group }) => group),
    lastHeard: isoTime(session.heardWallMs),
    linked: session.link !== undefined,
    behind: behind(castle, session).length,
  }
}

export function viewClient(castle: Castle, session: Session, wallMs: number): ClientView {
  const { service, host, pid, release, topics, groups, holds } = session.report as ClientReport
  const subjects = [...scopeOf(castle.state, castle.groups, session)]
  return {
    id: session.id,
    incarnation: session.incarnation,
    ...{ service, host, pid, release, topics },
    cluster: session.cluster ?? null,
    missingTopics: [...session.missing],
    groups: groups.map((each) => ({ ...each, assigned: namedPartitions(castle, each.assigned) })),
    lastHeard: isoTime(session.heardWallMs),
    silentMs: Math.max(0, wallMs - session.heardWallMs),
    linked: session.link !== undefined,
    subjects: subjects.map(({ key, version }) => ({ key, desired: version, actual: holds[key] ?? null })),
    directives: session.directives.list().map(({ givenMs, ...each }) => ({ ...each, given: isoTime(givenMs) })),
  }
}

export function viewDecision({ number, atMs, kind, what, why, about }: Decision): DecisionView {
  return { number, at: isoTime(atMs), kind, what, why, about: [...about] }
}

export function viewHealth(castle: Castle, process: { release: string; pid: number; uptimeMs: number }): HealthView {
  const clusters = [...castle.state.all('cluster')].map(({ id }) => {
    const brokers = [...brokersOf(castle.state, id)]
    let leaderless = 0
    for (const topic of topicsOf(castle.state, id))
      leaderless += topic.partitions.filter(({ leader }) => leader === -1).length
    return { id, brokers: brokers.length, brokersUp: brokers.filter(({ up }) => up).length, leaderless }
  })
  const { writeFailure } = castle
  const status = writeFailure === null ? 'ok' : 'degraded'
  return { status, problem: writeFailureText(writeFailure), castleEpoch: castle.castleEpoch, ...process, clusters }
}

function writeFailureText(failure: WriteFailure | null): string | null {
  if (failure === null) return null
  const { sinceMs, lastMs, reason } = failure
  return `no change could be written since ${isoTime(sinceMs)}, last tried at ${isoTime(lastMs)}: ${reason}`
}

/** Keys of what a sender holds in another version than it should. */
export function behind(castle: Castle, session: Session): string[] {
  if (!session.dirty) return []
  const { holds } = session.report
  return [...scopeOf(castle.state, castle.groups, session)].flatMap(({ key, version }) =>
    holds[key] === version ? [] : [key],
  )
}

export function namedPartitions(castle: Castle, byTopic: PartitionsByTopic) {
  return Object.entries(byTopic).map(([topicId, partitions]) => {
    return { topic: castle.state.get('topic', topicId)?.name ?? null, topicId, partitions }
  })
}

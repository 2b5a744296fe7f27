// What each sender is to hold, and who is to hear of which change. The two belong together: a change that is in somebody's
// scope and does not reach its audience would be found a heartbeat later only.
//
//   broker   its cluster, all its topics (deletions too), targets of the groups that it coordinates, its producer ids
//   client   its cluster, its topics by name, deletions of topics of these names that it holds, coordinators of its groups
import type { BrokerReport, ClientReport } from '@castellan/protocol/heartbeat'
import type { Groups } from './groups/groups.ts'
import type { Session } from './heartbeats/session.ts'
import { isInDoubt } from './restore/doubts.ts'
import type { AppliedChange } from './state/changes.ts'
import type { Cluster, EntityChange, Topic } from './state/entities.ts'
import { type State, topicsOf } from './state/state.ts'
import { clusterSubject, producerIdsSubject, type SubjectText, targetSubject, topicSubject } from './state/subjects.ts'

/** Audience of senders whose cluster does not exist yet. */
export const noCluster = 'cluster/'

export function* scopeOf(state: State, groups: Groups, session: Session): Iterable<SubjectText> {
  const { cluster: id } = session
  const cluster = id === undefined ? undefined : state.get('cluster', id)
  if (cluster === undefined) return
  yield clusterSubject(state, cluster)
  if (session.kind === 'broker') yield* scopeOfBroker(state, groups, cluster.id, session)
  else yield* scopeOfClient(state, groups, cluster.id, session.report as ClientReport)
}

function* scopeOfBroker(state: State, groups: Groups, cluster: string, { id, report }: Session): Iterable<SubjectText> {
  const brokerId = Number(id)
  const block = state.get('producer-ids', String(brokerId))
  if (block !== undefined) yield producerIdsSubject(block)
  for (const topic of topicsOf(state, cluster)) {
    // What it knows of one in doubt may be newer (R14); a deletion that is done with concerns nobody but those who missed it.
    const isDone = topic.deleted && topic.holders.length === 0 && !knows(report as BrokerReport, topic.topicId)
    if (!isInDoubt(topic) && !isDone) yield topicSubject(topic)
  }
  for (const group of state.all('group')) {
    if (group.cluster !== cluster || groups.coordinatorOf(cluster, group.name) !== brokerId) continue
    if (!groups.isInDoubt(state, cluster, group.members)) yield targetSubject(group)
  }
}

function knows({ holds, remembers }: BrokerReport, topicId: string): boolean {
  return holds[`topic/${topicId}`] !== undefined || remembers?.[topicId] !== undefined
}

function* scopeOfClient(state: State, groups: Groups, cluster: string, report: ClientReport): Iterable<SubjectText> {
  const names = new Set(report.topics)
  for (const name of names) {
    const topic = state.topicNamed(cluster, name)
    // One that it knows already it may know better.
    if (topic !== undefined && !(isInDoubt(topic) && report.holds[`topic/${topic.topicId}`] !== undefined)) {
      yield topicSubject(topic)
    }
  }
  for (const key of Object.keys(report.holds)) {
    const topic = key.startsWith('topic/') ? state.get('topic', key.slice('topic/'.length)) : undefined
    // Of one that it does not ask for any more, it would hear by chance only.
    if (topic?.deleted === true && topic.cluster === cluster && names.has(topic.name)) yield topicSubject(topic)
  }
  for (const { group } of report.groups) yield groups.coordinatorSubject(cluster, group)
}

/** The cluster of those who name none: of several the first by name. */
export function anyCluster(state: State): Cluster | undefined {
  return [...state.all('cluster')].sort((a, b) => (a.id < b.id ? -1 : 1))[0]
}

/** The audiences that a session belongs to; last what grows, for Interest looks at what follows the first difference. */
export function audiencesOf(session: Session): string[] {
  const { cluster, report } = session
  if (cluster === undefined) return [noCluster]
  if (report.kind === 'broker') return [`cluster/${cluster}`, `topics/${cluster}`, `broker/${session.id}`]
  const groups = report.groups.map(({ group }) => groupAudience(cluster, group))
  return [`cluster/${cluster}`, ...groups, ...report.topics.map((name) => topicAudience(cluster, name))]
}

export function topicAudience(cluster: string, name: string): string {
  return `topic/${cluster}/${name}`
}

export function groupAudience(cluster: string, group: string): string {
  return `group/${cluster}/${group}`
}

/** Cluster and group of a group's audience, or undefined for any other. */
export function groupOfAudience(audience: string): [cluster: string, group: string] | undefined {
  if (!audience.startsWith('group/')) return undefined
  const at = audience.indexOf('/', 'group/'.length)
  return [audience.slice('group/'.length, at), audience.slice(at + 1)]
}

export interface Notice {
  readonly audience: string
  readonly key: string
}

/** Whom a committed change concerns. What was changed for people only concerns nobody. */
export function noticesOf({ change, before }: AppliedChange, groups: Groups): Notice[] {
  if (change.entity === null || !('version' in change.entity)) return []
  if (before !== undefined && 'version' in before && before.version === change.entity.version) return []
  const key = change.kind === 'group' ? `target/${change.entity.name}` : `${change.kind}/${change.key}`
  return audiencesOfChange(change, groups).map((audience) => ({ audience, key }))
}

/** The subject of a topic that got other leaders: whoever has to hear of it cannot go on before. */
export function newsOf({ change, before }: AppliedChange): SubjectText | undefined {
  if (change.kind !== 'topic' || change.entity === null || before === undefined || isInDoubt(change.entity))
    return undefined
  const { partitions } = before as Topic
  const isNews = change.entity.partitions.some(({ leaderEpoch }, index) => {
    const known = partitions[index]
    return known !== undefined && known.leaderEpoch !== leaderEpoch
  })
  return isNews ? topicSubject(change.entity) : undefined
}

function audiencesOfChange(change: EntityChange, groups: Groups): string[] {
  if (change.entity === null) return []
  switch (change.kind) {
    case 'cluster':
      return [`cluster/${change.key}`]
    case 'topic':
      return [`topics/${change.entity.cluster}`, topicAudience(change.entity.cluster, change.entity.name)]
    case 'group':
      return [`broker/${groups.coordinatorOf(change.entity.cluster, change.entity.name)}`]
    case 'producer-ids':
      return [`broker/${change.key}`]
    default:
      return []
  }
}

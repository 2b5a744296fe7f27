// A group as the API shows it: who is in it (the coordinator's word), what Castle wants each to process, what each says it
// processes, and where its offsets stand.
import type { ClientReport } from '@castellan/protocol/heartbeat'
import type { Castle } from '../castle.ts'
import { CastleError } from '../errors.ts'
import { groupAudience } from '../scope.ts'
import { groupKey } from '../state/entities.ts'
import type { GroupSummary, GroupView } from './schemas/groups.ts'
import { isoTime, namedPartitions } from './views.ts'

export function summarizeGroup(castle: Castle, cluster: string, name: string): GroupSummary {
  const members = castle.groups.members(cluster, name)
  return {
    group: name,
    cluster,
    coordinator: castle.groups.coordinatorOf(cluster, name),
    members: members.length,
    topics: [...new Set(members.flatMap(({ topics }) => topics))].sort(),
  }
}

export type Offsets = Pick<GroupView, 'offsets' | 'offsetsProblem'>

/** Throws GROUP_UNKNOWN. `offsets` come from the brokers. */
export function viewGroup(castle: Castle, cluster: string, name: string, offsets: Offsets): GroupView {
  const report = castle.groups.report(cluster, name)
  const group = castle.state.get('group', groupKey(cluster, name))
  if (report === undefined && group === undefined && offsets.offsets.length === 0) {
    const params = { group: name.slice(0, 300), cluster }
    throw new CastleError('GROUP_UNKNOWN', `there is no group '${params.group}' in cluster '${cluster}'`, { params })
  }
  return {
    group: name,
    cluster,
    coordinator: castle.groups.coordinatorOf(cluster, name),
    groupEpoch: report?.groupEpoch ?? null,
    members: castle.groups.members(cluster, name).map(({ memberId, rack, topics }) => ({
      memberId,
      rack,
      topics: [...topics],
      target: namedPartitions(castle, group?.target[memberId] ?? {}),
      client: clientOf(castle, cluster, name, memberId),
    })),
    assignment:
      group === undefined
        ? null
        : {
            membership: group.membership,
            version: group.version,
            outdated: report !== undefined && report.membership !== group.membership,
          },
    ...offsets,
    stuck: stuckOf(castle, cluster, name),
  }
}

function stuckOf(castle: Castle, cluster: string, group: string): GroupView['stuck'] {
  return [...castle.clients.stuckNow(cluster, group)].map(
    ({ topicId, partition, offset, sinceMs, attempts, error, client }) => {
      const topic = castle.state.get('topic', topicId)?.name ?? null
      return { topic, topicId, partition, offset, since: isoTime(sinceMs), attempts, error, client }
    },
  )
}

function clientOf(
  castle: Castle,
  cluster: string,
  group: string,
  memberId: string,
): GroupView['members'][number]['client'] {
  for (const { id, report } of castle.sessions.interestedIn(groupAudience(cluster, group))) {
    const { service, host, groups } = report as ClientReport
    const member = groups.find((each) => each.group === group && each.memberId === memberId)
    if (member === undefined) continue
    return { id, service, host, memberEpoch: member.memberEpoch, assigned: namedPartitions(castle, member.assigned) }
  }
  return null
}

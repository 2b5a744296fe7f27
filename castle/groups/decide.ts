// Who shall process what in one group. Pure: the coordinator's report in, the group with its new target out, or nothing when
// the target still stands. It is decided anew when the membership changed, or the partitions of what members subscribe to.
//
// Stickiness starts from the target that the coordinator has now, which it may have decided by itself while Castle was away.
import { assign } from '@castellan/protocol/assignment'
import type { GroupReport, PartitionsByTopic } from '@castellan/protocol/heartbeat'
import type { Group, Member } from '../state/entities.ts'
import type { View } from '../state/state.ts'

export function decideGroup(
  view: View,
  cluster: string,
  report: GroupReport,
  group: Group | undefined,
): Omit<Group, 'version'> | undefined {
  const topicIds = subscribedTopics(view, cluster, report)
  const counts = Object.fromEntries([...topicIds.values()].map(({ topicId, count }) => [topicId, count]))
  if (group !== undefined && group.membership === report.membership && sameCounts(group.counts, counts))
    return undefined
  const members = report.members.map(({ memberId, rack, topics }): Member => ({ memberId, rack, topics }))
  const target = assign({
    members: members.map(({ memberId, rack, topics }) => {
      return { memberId, rack, topics: topics.flatMap((name) => topicIds.get(name)?.topicId ?? []) }
    }),
    partitions: [...topicIds.values()],
    current: new Map(report.members.map(({ memberId, target: now }) => [memberId, now])),
  })
  const next = { name: report.group, cluster, membership: report.membership, members, counts, target: toRecord(target) }
  // A group that is empty and was not known has no target to be told.
  return group === undefined && members.length === 0 ? undefined : next
}

/** Topic name -> id and partition count, of the topics that members subscribe to and that exist. */
function subscribedTopics(
  view: View,
  cluster: string,
  report: GroupReport,
): Map<string, { topicId: string; count: number }> {
  const found = new Map<string, { topicId: string; count: number }>()
  for (const { topics } of report.members) {
    for (const name of topics) {
      if (found.has(name)) continue
      const topic = view.topicNamed(cluster, name)
      if (topic !== undefined) found.set(name, { topicId: topic.topicId, count: topic.partitions.length })
    }
  }
  return found
}

function toRecord(target: ReadonlyMap<string, PartitionsByTopic>): Record<string, PartitionsByTopic> {
  return Object.fromEntries(target)
}

function sameCounts(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): boolean {
  const ids = Object.keys(a)
  return ids.length === Object.keys(b).length && ids.every((id) => a[id] === b[id])
}

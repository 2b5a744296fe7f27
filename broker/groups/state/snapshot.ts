// All live state of a group as changes: what a snapshot of its log writes, and what Castle is told of it.
import type { GroupReport } from '@castellan/protocol/heartbeat'
import { type Change, firstHead, type Group, subscribedTopics } from './group.ts'

/** Applied to a new group of the same id, they make the same group. */
export function stateOf(group: Group): Change[] {
  const changes: Change[] = []
  for (const { id: memberId, profile, target, holding } of group.members.values()) {
    changes.push({ kind: 'member', memberId, value: profile })
    if (Object.keys(target).length > 0) changes.push({ kind: 'target', memberId, value: target })
    changes.push({ kind: 'holding', memberId, value: holding })
  }
  for (const [topicId, partitions] of group.offsets) {
    for (const [partition, value] of partitions) changes.push({ kind: 'offset', topicId, partition, value })
  }
  if (group.head !== firstHead) changes.push({ kind: 'group', value: group.head })
  return changes
}

/** As many as a report may name for one member; a cluster has no more topics. */
const reportedTopicsMax = 10_000

/** What Castle decides by; the same object until something of it changes. */
export function reportOf(group: Group): GroupReport {
  group.report ??= {
    group: group.id,
    membership: group.membership,
    revision: group.revision,
    groupEpoch: group.head.epoch,
    members: [...group.members.values()].map(({ id, profile, target }) => {
      return { memberId: id, rack: profile.rack, topics: subscribedTopics(profile).slice(0, reportedTopicsMax), target }
    }),
  }
  return group.report
}

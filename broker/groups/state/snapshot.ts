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

/**
 * What Castle decides by; the same object until something of it changes. Of the topics that members name only those that
 * exist: nothing of the others can be assigned. When one appears, the report has to be made anew.
 */
export function reportOf(group: Group, exists: (name: string) => boolean): GroupReport {
  group.report ??= {
    group: group.id,
    membership: group.membership,
    revision: group.revision,
    groupEpoch: group.head.epoch,
    members: [...group.members.values()].map(({ id, profile, target }) => {
      return { memberId: id, rack: profile.rack, topics: subscribedTopics(profile).filter(exists), target }
    }),
  }
  return group.report
}

/** Has its report to be made anew when topics of these names come or go? */
export function subscribesToAny({ members }: Group, names: ReadonlySet<string>): boolean {
  const isOne = (name: string) => names.has(name)
  return [...members.values()].some(({ profile }) => profile.topicNames.some(isOne) || profile.regexTopics.some(isOne))
}

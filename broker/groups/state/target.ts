// Who shall process what: Castle's word for it, or the coordinator's own while Castle is away. Members are brought
// there one heartbeat at a time (reconcile.ts); a target alone gives nobody anything.
//
// Castle's target names the membership that it was decided for. One decided for another membership is not taken:
// the coordinator has reported the change, and the target for it is on its way.
import type { PartitionsByTopic, TargetState } from '@castellan/protocol/heartbeat'
import { type Change, type Draft, type Group, sameTexts, subscribedTopics } from './group.ts'
import { normalTarget, sameTarget, withoutTopic } from './owned.ts'
import { bytesOfMember } from './report-size.ts'
import { fits, type NamedTopic, type Subscriptions } from './subscription.ts'

export type TargetOutcome = 'taken' | 'of another membership' | 'gives a partition twice'

export function takeTarget(draft: Draft, state: TargetState): TargetOutcome {
  const { group } = draft
  if (state.membership !== group.membership) return 'of another membership'
  const targets = new Map<string, PartitionsByTopic>()
  for (const memberId of group.members.keys()) {
    // A member may call itself `constructor`.
    const given = Object.hasOwn(state.members, memberId) ? state.members[memberId] : undefined
    targets.set(memberId, normalTarget(given ?? {}))
  }
  if (givesTwice(targets)) return 'gives a partition twice'
  setTargets(draft, targets)
  return 'taken'
}

/** Gives members that `targets` leaves out nothing. Does nothing when all is so already. */
export function setTargets(draft: Draft, targets: ReadonlyMap<string, PartitionsByTopic>): void {
  const { group } = draft
  const changes: Change[] = []
  for (const { id: memberId, target } of group.members.values()) {
    const value = targets.get(memberId) ?? {}
    if (!sameTarget(value, target)) changes.push({ kind: 'target', memberId, value })
  }
  if (changes.length > 0) draft.news = true
  else if (!group.awaitsTarget) return
  for (const change of changes) draft.put(change)
  // An epoch per target: members tell by it whether they have reached this one.
  if (!group.awaitsTarget) draft.raiseEpoch()
  draft.targetReached()
}

function givesTwice(targets: ReadonlyMap<string, PartitionsByTopic>): boolean {
  const given = new Set<string>()
  let count = 0
  for (const target of targets.values()) {
    for (const [topicId, partitions] of Object.entries(target)) {
      for (const partition of partitions) given.add(`${topicId}/${partition}`)
      count += partitions.length
    }
  }
  return given.size < count
}

/**
 * A topic was deleted: nobody processes it, and its offsets mean nothing any more. It leaves targets and holdings alike,
 * so whoever had reached its target still has, and no epoch changes.
 */
export function dropTopic(draft: Draft, topicId: string): void {
  const { group } = draft
  for (const { id: memberId, holding, target } of group.members.values()) {
    if (topicId in target) {
      const { [topicId]: _, ...value } = target
      draft.put({ kind: 'target', memberId, value })
    }
    const assigned = withoutTopic(holding.assigned, topicId)
    const revoking = withoutTopic(holding.revoking, topicId)
    if (assigned === holding.assigned && revoking === holding.revoking) continue
    draft.put({ kind: 'holding', memberId, value: { ...holding, assigned, revoking } })
    draft.news = true
  }
  for (const partition of [...(group.offsets.get(topicId)?.keys() ?? [])]) {
    draft.put({ kind: 'offset', topicId, partition, value: null })
  }
}

/**
 * Topics appeared, or were deleted: what do regular expressions mean now? What is not among `topics` stays as it is. Returns the members
 * whose pattern matches too many topics by now, for them or for the report to Castle; they keep what they had.
 */
export function refreshRegexes(
  draft: Draft,
  topics: readonly NamedTopic[],
  exists: (name: string) => boolean,
  subscriptions: Subscriptions,
  hasReportRoom: (growthBytes: number, memberBytes: number) => boolean,
): string[] {
  const full: string[] = []
  let changed = false
  const bytesBefore = draft.group.reportBytes
  for (const { id: memberId, profile, reportBytes } of draft.group.members.values()) {
    const { topicRegex } = profile
    if (topicRegex === null) continue
    const wanted = new Set(profile.regexTopics)
    for (const topic of topics) {
      if (exists(topic.name) && subscriptions.matches(topicRegex, topic)) wanted.add(topic.name)
      else wanted.delete(topic.name)
    }
    const regexTopics = [...wanted].sort()
    if (sameTexts(regexTopics, profile.regexTopics)) continue
    const value = { ...profile, regexTopics }
    const bytes = bytesOfMember(memberId, value)
    const growthBytes = draft.group.reportBytes - bytesBefore + bytes - reportBytes
    if (bytes > reportBytes && !(fits(profile.topicNames, regexTopics) && hasReportRoom(growthBytes, bytes))) {
      full.push(memberId)
      continue
    }
    draft.put({ kind: 'member', memberId, value })
    changed = true
  }
  if (!changed) return full
  draft.membershipChanged = true
  draft.raiseEpoch()
  return full
}

/** What the shared assignor is asked, by the group's members and the topics known here. */
export function assignmentInput(
  group: Group,
  topicNamed: (name: string) => { topicId: string; partitions: { length: number } } | undefined,
) {
  const partitions = new Map<string, number>()
  const members = [...group.members.values()].map(({ id, profile }) => {
    const topics: string[] = []
    for (const name of subscribedTopics(profile)) {
      const topic = topicNamed(name)
      if (!topic) continue
      topics.push(topic.topicId)
      partitions.set(topic.topicId, topic.partitions.length)
    }
    return { memberId: id, rack: profile.rack, topics }
  })
  return {
    members,
    partitions: [...partitions].map(([topicId, count]) => ({ topicId, count })),
    current: new Map([...group.members.values()].map(({ id, target }) => [id, target])),
  }
}

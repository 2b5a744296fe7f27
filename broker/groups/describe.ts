// What a coordinator tells people of its groups (ListGroups, ConsumerGroupDescribe): their states, who is in them, what each member has and what
// it is to have. All groups here are of KIP-848; one that has only offsets is an empty one. As with offsets, nothing is told that
// could still be lost, and nothing by a coordinator that may have been replaced (R2).
import { type ConsumerGroupDescribeResponseInput, errors } from '@castellan/protocol'
import { whyUntold } from './coordinator-error.ts'
import type { Shard } from './shard.ts'
import type { Group, Member } from './state/group.ts'
import { assignor } from './state/heartbeat-check.ts'
import { type TopicPartitions, toTopicPartitions } from './state/owned.ts'
import { hasAll } from './state/reconcile.ts'

/** As Kafka calls them. */
export type GroupState = 'Empty' | 'Assigning' | 'Reconciling' | 'Stable'

/** A group in a list of groups. */
export interface ListedGroup {
  readonly groupId: string
  readonly state: GroupState
}

export type DescribedGroup = Omit<ConsumerGroupDescribeResponseInput['groups'][number], 'authorizedOperations'>
type DescribedMember = DescribedGroup['members'][number]

/** What is known of topics by their ids. */
export interface TopicNames {
  /** Undefined: deleted, or not heard of yet. */
  nameOf(topicId: string): string | undefined
  isDeleted(topicId: string): boolean
}

/** As Kafka numbers members: 1 is one of KIP-848. */
const memberType = 1

export function stateOfGroup(group: Group): GroupState {
  if (group.members.size === 0) return 'Empty'
  if (group.awaitsTarget) return 'Assigning'
  const { targetEpoch } = group.head
  return [...group.members.values()].every((member) => hasAll(member, targetEpoch)) ? 'Stable' : 'Reconciling'
}

/** `shards`: of every partition of the group log that is led here, or Kafka's code where there is none to ask. All of their groups, or such a code. */
export async function listGroups(shards: readonly (Shard | number)[]): Promise<ListedGroup[] | number> {
  const listed: ListedGroup[] = []
  for (const shard of shards) {
    // It leads, as Castle said, and has not begun yet: clients shall ask again.
    if (shard === errors.NOT_COORDINATOR.code) return errors.COORDINATOR_LOAD_IN_PROGRESS.code
    if (typeof shard === 'number') return shard
    for (const group of shard.groups.values()) listed.push({ groupId: group.id, state: stateOfGroup(group) })
  }
  const untold = await Promise.all(shards.map((shard) => (typeof shard === 'number' ? shard : whyUntold(shard))))
  return untold.find((errorCode) => errorCode !== 0) ?? listed
}

/** `shard`: Kafka's code where there is none to ask. */
export async function describeGroup(
  shard: Shard | number,
  groupId: string,
  topics: TopicNames,
): Promise<DescribedGroup> {
  if (typeof shard === 'number') return undescribed(groupId, shard)
  const group = shard.groups.get(groupId)
  const described = group && describe(group, topics)
  const errorCode = await whyUntold(shard)
  if (errorCode !== 0) return undescribed(groupId, errorCode)
  return described ?? undescribed(groupId, errors.GROUP_ID_NOT_FOUND.code, `there is no group ${groupId}`)
}

export function undescribed(groupId: string, errorCode: number, errorMessage: string | null = null): DescribedGroup {
  const nothing = { groupState: '', groupEpoch: 0, assignmentEpoch: 0, assignorName: '', members: [] }
  return { groupId, errorCode, errorMessage, ...nothing }
}

function describe(group: Group, topics: TopicNames): DescribedGroup {
  const members = [...group.members.values()]
  // Castle tells a new process one topic after another. Without its name a partition would be left out, as if nobody had it.
  if (members.some((member) => lacksNames(member, topics)))
    return undescribed(group.id, errors.COORDINATOR_LOAD_IN_PROGRESS.code)
  return {
    errorCode: 0,
    groupId: group.id,
    groupState: stateOfGroup(group),
    groupEpoch: group.head.epoch,
    assignmentEpoch: group.head.targetEpoch,
    assignorName: assignor,
    members: members.map((member) => describeMember(member, topics)),
  }
}

function lacksNames({ holding, target }: Member, { nameOf, isDeleted }: TopicNames): boolean {
  const ids = [...holding.assigned.keys(), ...Object.keys(target)]
  return ids.some((topicId) => nameOf(topicId) === undefined && !isDeleted(topicId))
}

function describeMember({ id, profile, holding, target }: Member, topics: TopicNames): DescribedMember {
  const wanted = Object.entries(target).map(([topicId, partitions]) => ({ topicId, partitions }))
  return {
    memberId: id,
    instanceId: profile.instanceId,
    rackId: profile.rack,
    memberEpoch: holding.epoch,
    clientId: profile.clientId,
    clientHost: profile.clientHost,
    subscribedTopicNames: [...profile.topicNames],
    subscribedTopicRegex: profile.topicRegex,
    assignment: named(toTopicPartitions(holding.assigned), topics),
    targetAssignment: named(wanted, topics),
    memberType,
  }
}

/** Of a topic that was deleted nothing is processed any more. */
function named(all: readonly TopicPartitions[], { nameOf }: TopicNames): DescribedMember['assignment'] {
  const topicPartitions = all.flatMap(({ topicId, partitions }) => {
    const topicName = nameOf(topicId)
    return topicName === undefined ? [] : [{ topicId, topicName, partitions: [...partitions].sort((a, b) => a - b) }]
  })
  return { topicPartitions }
}

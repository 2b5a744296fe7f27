// OffsetFetch at the coordinator: what was committed, once it is durable. A partition without a commit has offset -1.
import {
  errors,
  type OffsetFetchRequest as Request,
  type OffsetFetchResponseInput as Response,
} from '@castellan/protocol'
import type { Metadata } from '../castle/metadata.ts'
import { whyUntold } from './coordinator-error.ts'
import type { Shard } from './shard.ts'
import { type Committed, readerError } from './state/commits.ts'
import type { Group } from './state/group.ts'

const groupsSince = 8
const topicIdsSince = 10
/** Version 1 has no place for an error of the whole group. */
const groupErrorsSince = 2

interface GroupRequest {
  readonly groupId: string
  readonly memberId: string | null
  readonly memberEpoch: number
  /** Null: all. */
  readonly topics:
    | readonly { readonly name: string; readonly topicId: string; readonly partitionIndexes: readonly number[] }[]
    | null
}

type PartitionAnswer = ReturnType<typeof answerOf>
interface TopicAnswer {
  readonly name: string
  readonly topicId: string
  readonly partitions: PartitionAnswer[]
}
interface GroupAnswer {
  readonly groupId: string
  readonly topics: TopicAnswer[]
  readonly errorCode: number
}

/** `shardOf`: the shard of a group, or Kafka's code for why it cannot be asked. */
export async function fetchOffsets(
  shardOf: (groupId: string) => Shard | number,
  request: Request,
  apiVersion: number,
  metadata: Metadata,
): Promise<Response> {
  if (apiVersion >= groupsSince) {
    return {
      groups: await Promise.all(request.groups.map((group) => fetchGroup(shardOf, group, apiVersion, metadata))),
    }
  }
  const topics = request.topics?.map((topic) => ({ ...topic, topicId: '' })) ?? null
  const group = { groupId: request.groupId, memberId: null, memberEpoch: -1, topics }
  const answer = await fetchGroup(shardOf, group, apiVersion, metadata)
  if (apiVersion >= groupErrorsSince || answer.errorCode === 0) return answer
  return {
    topics: (topics ?? []).map((topic) => ({
      ...topic,
      partitions: unknownOffsets(topic.partitionIndexes, answer.errorCode),
    })),
  }
}

async function fetchGroup(
  shardOf: (groupId: string) => Shard | number,
  request: GroupRequest,
  apiVersion: number,
  metadata: Metadata,
): Promise<GroupAnswer> {
  const { groupId, memberId, memberEpoch } = request
  const shard = shardOf(groupId)
  if (typeof shard === 'number') return { groupId, topics: [], errorCode: shard }
  const group = shard.groups.get(groupId)
  const refusal = readerError(group, memberId, memberEpoch)
  if (refusal !== 0) return { groupId, topics: [], errorCode: refusal }
  if (apiVersion < topicIdsSince && mayLackNames(group, request.topics ?? [], metadata))
    return { groupId, topics: [], errorCode: errors.COORDINATOR_LOAD_IN_PROGRESS.code }
  const topics = request.topics
    ? request.topics.map((topic) => someOf(group, topic, apiVersion, metadata))
    : allOf(group, metadata)
  const errorCode = await whyUntold(shard)
  return { groupId, topics: errorCode === 0 ? topics : [], errorCode }
}

/**
 * Offsets are kept by topic id. A name that is not known here yet (Castle tells a new process one topic after another, and of one in doubt
 * nothing) may be that of such an id: told that there are no offsets, its consumer would begin anew, or skip all there is.
 */
function mayLackNames(
  group: Group | undefined,
  asked: readonly { readonly name: string }[],
  metadata: Metadata,
): boolean {
  if (group === undefined || asked.every(({ name }) => metadata.topicNamed(name) !== undefined)) return false
  return [...group.offsets.keys()].some((topicId) => metadata.topicWithId(topicId) === undefined)
}

function someOf(
  group: Group | undefined,
  asked: NonNullable<GroupRequest['topics']>[number],
  apiVersion: number,
  metadata: Metadata,
): TopicAnswer {
  const { name, topicId, partitionIndexes } = asked
  const byId = apiVersion >= topicIdsSince
  const topic = byId ? metadata.topicWithId(topicId) : metadata.topicNamed(name)
  if (!topic) {
    return { name, topicId, partitions: unknownOffsets(partitionIndexes, byId ? errors.UNKNOWN_TOPIC_ID.code : 0) }
  }
  const offsets = group?.offsets.get(topic.topicId)
  return { name, topicId, partitions: partitionIndexes.map((index) => answerOf(index, offsets?.get(index), 0)) }
}

/** Offsets of topics that this broker does not know (any more) have no name to be told by. */
function allOf(group: Group | undefined, metadata: Metadata): TopicAnswer[] {
  const topics: TopicAnswer[] = []
  for (const [topicId, offsets] of group?.offsets ?? []) {
    const topic = metadata.topicWithId(topicId)
    if (!topic) continue
    const partitions = [...offsets].map(([index, committed]) => answerOf(index, committed, 0))
    topics.push({ name: topic.name, topicId, partitions })
  }
  return topics
}

function unknownOffsets(partitionIndexes: readonly number[], errorCode: number): PartitionAnswer[] {
  return partitionIndexes.map((index) => answerOf(index, undefined, errorCode))
}

function answerOf(partitionIndex: number, committed: Committed | undefined, errorCode: number) {
  return {
    partitionIndex,
    committedOffset: committed?.offset ?? -1,
    committedLeaderEpoch: committed?.leaderEpoch ?? -1,
    metadata: committed?.metadata ?? '',
    errorCode,
  }
}

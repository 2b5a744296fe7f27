// OffsetCommit at the coordinator: each partition is taken or refused by itself; what was taken is answered when the
// group log has it. Offsets are kept by topic id: a topic made again under an old name starts without any (R13).
import {
  errors,
  type OffsetCommitRequest as Request,
  type OffsetCommitResponseInput as Response,
} from '@castellan/protocol'
import type { TopicState } from '@castellan/protocol/heartbeat'
import type { Metadata } from '../castle/metadata.ts'
import { coordinatorError } from './coordinator-error.ts'
import type { GroupSettings } from './settings.ts'
import type { Shard } from './shard.ts'
import { type Committer, committerError, partitionError } from './state/commits.ts'
import type { Draft } from './state/group.ts'

type PartitionRequest = Request['topics'][number]['partitions'][number]

const topicIdsSince = 10
/** As in heartbeat-check.ts: Castle's heartbeat carries no longer names. */
const groupIdLengthMax = 249

export interface CommitSurroundings {
  readonly metadata: Metadata
  readonly settings: Pick<GroupSettings, 'offsetMetadataMaxBytes'>
  /** ms since 1970 */
  readonly wallMs: number
  /** Whether there is room for one more group on this broker. */
  readonly hasRoom: boolean
}

/** `shard`: that of the group, or Kafka's code for why it cannot be asked. */
export async function commitOffsets(
  shard: Shard | number,
  request: Request,
  apiVersion: number,
  around: CommitSurroundings,
): Promise<Response> {
  const response = emptyResponse(request)
  const refuseAll = (errorCode: number) => {
    for (const { partitions } of response.topics) for (const answer of partitions) answer.errorCode ||= errorCode
    return response
  }
  const { groupId } = request
  if (groupId === '' || groupId.length > groupIdLengthMax) return refuseAll(errors.INVALID_GROUP_ID.code)
  if (typeof shard === 'number') return refuseAll(shard)
  if (!shard.groups.has(groupId) && !around.hasRoom) return refuseAll(errors.POLICY_VIOLATION.code)
  const committer: Committer = {
    apiVersion,
    memberId: request.memberId,
    memberEpoch: request.generationIdOrMemberEpoch,
    instanceId: request.groupInstanceId,
  }
  const refusal = committerError(shard.groups.get(groupId), committer)
  if (refusal !== 0) return refuseAll(refusal)
  const errorCode = await shard.step(groupId, (draft) => {
    request.topics.forEach((asked, topicAt) => {
      const topic = findTopic(asked, apiVersion, around.metadata)
      asked.partitions.forEach((partition, at) => {
        const answer = response.topics[topicAt]!.partitions[at]!
        answer.errorCode = problemOf(draft, committer, topic, partition, around)
        if (answer.errorCode === 0) put(draft, topic as TopicState, partition, request.retentionTimeMs, around.wallMs)
      })
    })
  })
  return errorCode === 0 ? response : refuseAll(coordinatorError(errorCode))
}

function findTopic(asked: Request['topics'][number], apiVersion: number, metadata: Metadata): TopicState | number {
  if (apiVersion >= topicIdsSince) return metadata.topicWithId(asked.topicId) ?? errors.UNKNOWN_TOPIC_ID.code
  return metadata.topicNamed(asked.name) ?? errors.UNKNOWN_TOPIC_OR_PARTITION.code
}

function problemOf(
  draft: Draft,
  committer: Committer,
  topic: TopicState | number,
  { partitionIndex, committedMetadata }: PartitionRequest,
  { settings }: CommitSurroundings,
): number {
  if (typeof topic === 'number') return topic
  if (topic.partitions[partitionIndex] === undefined) return errors.UNKNOWN_TOPIC_OR_PARTITION.code
  if (Buffer.byteLength(committedMetadata ?? '') > settings.offsetMetadataMaxBytes) {
    return errors.OFFSET_METADATA_TOO_LARGE.code
  }
  return partitionError(draft.group, committer, topic.topicId, partitionIndex)
}

/** `retentionMs`: asked for by versions 2 to 4; -1: not. */
function put(draft: Draft, topic: TopicState, partition: PartitionRequest, retentionMs: number, wallMs: number): void {
  draft.put({
    kind: 'offset',
    topicId: topic.topicId,
    partition: partition.partitionIndex,
    value: {
      offset: partition.committedOffset,
      leaderEpoch: partition.committedLeaderEpoch,
      metadata: partition.committedMetadata ?? '',
      committedAtMs: wallMs,
      expiresAtMs: retentionMs >= 0 ? wallMs + retentionMs : null,
    },
  })
}

function emptyResponse({ topics }: Request) {
  return {
    topics: topics.map(({ name, topicId, partitions }) => {
      return { name, topicId, partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: 0 })) }
    }),
  }
}

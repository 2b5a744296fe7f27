// ListOffsets (2), versions 1 to 11: the offset at a time, or at an end of what can be read.
//
//   -1 latest: the high watermark       -2 earliest, -4 earliest local (8): the start offset
//   -3 of the highest timestamp (7)     -5 latest tiered (9), -6 earliest pending upload (11): -1, nothing is tiered here
//   any other: the first record whose timestamp is at least that; -1 when there is none
//
// Until a new leader knows how far its epoch's past is committed, latest is OFFSET_NOT_AVAILABLE, and so is a time that it finds nothing
// for yet: no client resets, or goes to the end (R3). A debug reader (replica id -2) may ask any replica; latest is then the end of its log: Castle, the console and tests
// see by it how far replicas are.   2 isolation level   4 leader epoch   5 OFFSET_NOT_AVAILABLE   6 flexible   10 timeout
import {
  listOffsets as api,
  errors,
  type ListOffsetsRequest as Request,
  type ListOffsetsResponseInput as Response,
} from '@castellan/protocol'
import type { Partition, TimestampOffset } from '../partition/index.ts'
import { type BrokerParts, handler } from './handler.ts'
import { checkEpoch, debugReader, findLeader, findReplica, unknownTopicError } from './lookup.ts'

type RequestPartition = Request['topics'][number]['partitions'][number]
type PartitionAnswer = Response['topics'][number]['partitions'][number]

const latest = -1
const earliest = -2
const maxTimestamp = -3
const earliestLocal = -4
/** Times with a meaning, and the version from which they have it. */
const meaningSince = new Map([
  [latest, 1],
  [earliest, 1],
  [maxTimestamp, 7],
  [earliestLocal, 8],
  [-5, 9],
  [-6, 11],
])
const nothing: TimestampOffset = { errorCode: 0, offset: -1, timestamp: -1, leaderEpoch: -1 }

const notAvailableSince = 5

export const listOffsets = handler(api, async ({ replicaId, topics }, { broker, apiVersion }) => {
  const isDebug = replicaId === debugReader
  const answers: Response['topics'][number][] = []
  for (const { name, partitions } of topics) {
    const found: PartitionAnswer[] = []
    for (const asked of partitions) found.push(await answerFor(broker, apiVersion, name, asked, isDebug))
    answers.push({ name, partitions: found })
  }
  return { topics: answers }
})

async function answerFor(
  broker: BrokerParts,
  apiVersion: number,
  name: string,
  asked: RequestPartition,
  isDebug: boolean,
): Promise<PartitionAnswer> {
  const { partitionIndex, currentLeaderEpoch, timestamp } = asked
  const topic = broker.metadata.topicNamed(name)
  const find = isDebug ? findReplica : findLeader
  const found = topic ? find(broker, topic, partitionIndex) : unknownTopicError(broker, false)
  const errorCode = typeof found === 'number' ? found : checkEpoch(found, currentLeaderEpoch)
  if (typeof found === 'number' || errorCode !== 0) return refused(broker, partitionIndex, errorCode)
  if (timestamp < 0 && !(apiVersion >= (meaningSince.get(timestamp) ?? Infinity))) {
    return refused(broker, partitionIndex, errors.UNSUPPORTED_VERSION.code)
  }
  if (isDebug) return debugAnswer(broker, found, asked)
  const isAvailable = found.knowsCommitted
  if (timestamp === latest && !isAvailable) return refused(broker, partitionIndex, notAvailable(apiVersion))
  const answer = await offsetAt(found, timestamp)
  // It may have lost the lead while files were read.
  if (!found.isLeader) return refused(broker, partitionIndex, errors.NOT_LEADER_OR_FOLLOWER.code)
  if (answer.errorCode !== 0) return refused(broker, partitionIndex, answer.errorCode)
  const isLookup = timestamp >= 0 || timestamp === maxTimestamp
  if (isLookup && answer.offset < 0 && !isAvailable) return refused(broker, partitionIndex, notAvailable(apiVersion))
  return { partitionIndex, ...answer }
}

/** The ends of a replica's log, whether it leads or not. */
function debugAnswer(broker: BrokerParts, partition: Partition, asked: RequestPartition): PartitionAnswer {
  const { partitionIndex, timestamp } = asked
  if (timestamp !== latest && timestamp !== earliest)
    return refused(broker, partitionIndex, errors.UNSUPPORTED_VERSION.code)
  const { startOffset, endOffset } = partition
  if (timestamp === earliest) {
    return { partitionIndex, ...nothing, offset: startOffset, leaderEpoch: partition.epochAt(startOffset) }
  }
  return { partitionIndex, ...nothing, offset: endOffset, leaderEpoch: partition.epochAt(endOffset - 1) }
}

function notAvailable(apiVersion: number): number {
  return apiVersion >= notAvailableSince ? errors.OFFSET_NOT_AVAILABLE.code : errors.LEADER_NOT_AVAILABLE.code
}

async function offsetAt(partition: Partition, timestamp: number): Promise<TimestampOffset> {
  switch (timestamp) {
    case latest:
      return { ...nothing, offset: partition.highWatermark, leaderEpoch: partition.leaderEpoch }
    case earliest:
    case earliestLocal:
      return { ...nothing, offset: partition.startOffset, leaderEpoch: partition.epochAt(partition.startOffset) }
    case maxTimestamp:
      return (await partition.offsetOfMaxTimestamp()) ?? nothing
    default:
      return timestamp < 0 ? nothing : ((await partition.offsetForTimestamp(timestamp)) ?? nothing)
  }
}

function refused(broker: BrokerParts, partitionIndex: number, errorCode: number): PartitionAnswer {
  broker.counters.error(api.key, errorCode)
  return { partitionIndex, errorCode, timestamp: -1, offset: -1, leaderEpoch: -1 }
}

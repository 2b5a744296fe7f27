// The answer to a Fetch, made of what was read.
import { type FetchRequest, type FetchResponseInput, fetch } from '@castellan/protocol'
import type { BrokerParts } from '../handler.ts'
import { endpointsOf, type LeaderIdAndEpoch, leaderInstead } from '../leaders.ts'
import type { SlotRead } from './fetching.ts'

type TopicAnswer = FetchResponseInput['responses'][number]
type PartitionAnswer = TopicAnswer['partitions'][number]

const readCommitted = 1

/** Partitions of one topic that follow each other stand together. */
export function answerOf(
  broker: BrokerParts,
  { isolationLevel }: FetchRequest,
  apiVersion: number,
  sessionId: number,
  reads: readonly SlotRead[],
): FetchResponseInput {
  const leaders: LeaderIdAndEpoch[] = []
  const responses: TopicAnswer[] = []
  let last: { topic: string; topicId: string; partitions: PartitionAnswer[] } | undefined
  for (const read of reads) {
    const { topic, topicId } = read.slot
    if (last?.topic !== topic || last.topicId !== topicId) {
      last = { topic, topicId, partitions: [] }
      responses.push(last)
    }
    last.partitions.push(partitionAnswer(broker, read, isolationLevel === readCommitted, leaders))
  }
  const nodeEndpoints = leaders.length > 0 && apiVersion >= 16 ? endpointsOf(broker.metadata, leaders) : []
  return { sessionId, responses, nodeEndpoints }
}

/** There are no transactions: the last stable offset is the high watermark. A follower is told there what it needs to be in sync. */
function partitionAnswer(
  broker: BrokerParts,
  { slot, asked, result, divergingEpoch }: SlotRead,
  isReadCommitted: boolean,
  leaders: LeaderIdAndEpoch[],
): PartitionAnswer {
  const { errorCode, highWatermark, startOffset, chunks } = result
  const partitionIndex = asked.partition
  const currentLeader = errorCode === 0 ? null : leaderInstead(broker.metadata, slot.topicId, partitionIndex, errorCode)
  if (currentLeader) leaders.push(currentLeader)
  if (errorCode !== 0) broker.counters.error(fetch.key, errorCode)
  return {
    partitionIndex,
    errorCode,
    highWatermark,
    lastStableOffset: slot.neededOffset ?? highWatermark,
    logStartOffset: startOffset,
    divergingEpoch,
    currentLeader,
    abortedTransactions: isReadCommitted ? [] : null,
    records: chunks,
  }
}

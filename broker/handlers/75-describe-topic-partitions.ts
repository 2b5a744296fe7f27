// DescribeTopicPartitions (75), version 0: as Metadata, page by page, with the eligible leaders of each partition (KIP-966). Castle keeps every
// replica that may lead without loss in the ISR or the ELR, and the last of them stays in the ISR: there is no last known ELR beside these.
import {
  describeTopicPartitions as api,
  type DescribeTopicPartitionsRequest as Request,
  type DescribeTopicPartitionsResponseInput as Response,
  zeroUuid,
} from '@castellan/protocol'
import type { TopicState } from '@castellan/protocol/heartbeat'
import { describePartition, topicOperations } from './03-metadata.ts'
import { type BrokerParts, handler } from './handler.ts'
import { unknownNameError } from './lookup.ts'

type TopicAnswer = Response['topics'][number]

/** As Kafka's `max.request.partition.size.limit`: whatever the client would take. */
const pagePartitionsMax = 2_000

export const describeTopicPartitions = handler(api, (request, { broker }) => {
  const { cursor } = request
  let room = Math.min(Math.max(1, request.responsePartitionLimit), pagePartitionsMax)
  const topics: TopicAnswer[] = []
  for (const name of namesOf(broker, request)) {
    const topic = broker.metadata.topicNamed(name)
    const from = cursor?.topicName === name ? Math.max(0, cursor.partitionIndex) : 0
    if (room === 0) return { topics, nextCursor: { topicName: name, partitionIndex: from } }
    if (topic === undefined) {
      topics.push(unknown(broker, name))
      continue
    }
    const end = Math.min(topic.partitions.length, from + room)
    topics.push(described(broker, topic, from, end))
    room -= end - from
    if (end < topic.partitions.length) return { topics, nextCursor: { topicName: name, partitionIndex: end } }
  }
  return { topics, nextCursor: null }
})

/** By name, because a page goes on after the name that the one before it ended with. */
function namesOf({ metadata }: BrokerParts, { topics, cursor }: Request): string[] {
  const asked = topics.length > 0 ? topics : [...metadata.topics()]
  const names = [...new Set(asked.map(({ name }) => name))].sort()
  return cursor === null ? names : names.filter((name) => name >= cursor.topicName)
}

function described({ metadata }: BrokerParts, topic: TopicState, from: number, end: number): TopicAnswer {
  return {
    errorCode: 0,
    name: topic.name,
    topicId: topic.topicId,
    isInternal: topic.internal,
    partitions: topic.partitions.slice(from, end).map((state, offset) => ({
      ...describePartition(metadata, state, from + offset),
      eligibleLeaderReplicas: state.elr ?? [],
      lastKnownElr: [],
    })),
    topicAuthorizedOperations: topicOperations,
  }
}

function unknown(broker: BrokerParts, name: string): TopicAnswer {
  const errorCode = unknownNameError(broker, name)
  broker.counters.error(api.key, errorCode)
  return { errorCode, name, topicId: zeroUuid, isInternal: false, partitions: [] }
}

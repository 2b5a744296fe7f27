// ListPartitionReassignments (46), version 0: partitions whose replicas are being changed, as Castle last said (KIP-455).
import {
  listPartitionReassignments as api,
  type ListPartitionReassignmentsRequest as Request,
} from '@castellan/protocol'
import type { TopicState } from '@castellan/protocol/heartbeat'
import { type BrokerParts, handler } from './handler.ts'

export const listPartitionReassignments = handler(api, ({ topics }, { broker }) => {
  const found = asked(broker, topics).map(([{ name, partitions }, indexes]) => ({
    name,
    partitions: [...indexes].flatMap((index) => {
      const { replicas = [], adding = [], removing = [] } = partitions[index] ?? {}
      if (adding.length + removing.length === 0) return []
      return [{ partitionIndex: index, replicas, addingReplicas: adding, removingReplicas: removing }]
    }),
  }))
  return { errorCode: 0, errorMessage: null, topics: found.filter(({ partitions }) => partitions.length > 0) }
})

function asked({ metadata }: BrokerParts, topics: Request['topics']): [TopicState, Iterable<number>][] {
  if (topics === null) return [...metadata.topics()].map((topic) => [topic, topic.partitions.keys()])
  return topics.flatMap(({ name, partitionIndexes }): [TopicState, Iterable<number>][] => {
    const topic = metadata.topicNamed(name)
    return topic === undefined ? [] : [[topic, new Set(partitionIndexes)]]
  })
}

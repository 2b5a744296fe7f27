// OffsetForLeaderEpoch (23), versions 2 to 4: where an epoch ends in this log, so that a consumer whose log was cut after
// an election finds the place from which both agree (R5, KIP-320). A debug reader (replica id -2, from version 3 on: before, it is
// what everybody says) may ask any replica.
//
//   3 replica id   4 flexible
import { offsetForLeaderEpoch as api, type OffsetForLeaderEpochResponseInput as Response } from '@castellan/protocol'
import { type BrokerParts, handler } from './handler.ts'
import { checkEpoch, debugReader, findLeader, findReplica, unknownTopicError } from './lookup.ts'

type PartitionAnswer = Response['topics'][number]['partitions'][number]

interface Asked {
  readonly partition: number
  readonly currentLeaderEpoch: number
  readonly leaderEpoch: number
}

export const offsetForLeaderEpoch = handler(api, ({ replicaId, topics }, { broker, apiVersion }) => ({
  topics: topics.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map((asked) =>
      answerFor(broker, topic, asked, apiVersion >= 3 && replicaId === debugReader),
    ),
  })),
}))

function answerFor(broker: BrokerParts, name: string, asked: Asked, isDebug: boolean): PartitionAnswer {
  const topic = broker.metadata.topicNamed(name)
  const find = isDebug ? findReplica : findLeader
  const found = topic ? find(broker, topic, asked.partition) : unknownTopicError(broker, false)
  const errorCode = typeof found === 'number' ? found : checkEpoch(found, asked.currentLeaderEpoch)
  if (typeof found === 'number' || errorCode !== 0) {
    broker.counters.error(api.key, errorCode)
    return { partition: asked.partition, errorCode, leaderEpoch: -1, endOffset: -1 }
  }
  const isEpoch = asked.leaderEpoch >= 0 && asked.leaderEpoch <= found.leaderEpoch
  const { epoch, endOffset } = isEpoch ? found.endOfEpoch(asked.leaderEpoch) : { epoch: -1, endOffset: -1 }
  return { partition: asked.partition, errorCode: 0, leaderEpoch: epoch, endOffset }
}

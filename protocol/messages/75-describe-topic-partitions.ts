// DescribeTopicPartitions: partitions of topics page by page, with their eligible leaders (KIP-966).
import {
  api,
  array,
  boolean,
  int16,
  int32,
  nullableArray,
  nullableString,
  nullableStruct,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
  uuid,
} from '../schema/index.ts'
import { operationsNotAsked } from './common.ts'

export const describeTopicPartitions = api(75, 'DescribeTopicPartitions', {
  versions: [0, 0],
  flexible: 0,
  request: {
    /** None: all. */
    topics: array({ name: string }),
    responsePartitionLimit: int32.default(2_000),
    /** Where to go on. */
    cursor: nullableStruct({ topicName: string, partitionIndex: int32 }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    topics: array({
      errorCode: int16,
      name: nullableString,
      topicId: uuid,
      isInternal: boolean,
      partitions: array({
        errorCode: int16,
        partitionIndex: int32,
        leaderId: int32,
        leaderEpoch: int32.default(-1),
        replicaNodes: array(int32),
        isrNodes: array(int32),
        eligibleLeaderReplicas: nullableArray(int32),
        lastKnownElr: nullableArray(int32),
        offlineReplicas: array(int32),
      }),
      topicAuthorizedOperations: int32.default(operationsNotAsked),
    }),
    nextCursor: nullableStruct({ topicName: string, partitionIndex: int32 }),
  },
})

export type DescribeTopicPartitionsRequest = RequestOf<typeof describeTopicPartitions>
export type DescribeTopicPartitionsRequestInput = RequestInput<typeof describeTopicPartitions>
export type DescribeTopicPartitionsResponse = ResponseOf<typeof describeTopicPartitions>
export type DescribeTopicPartitionsResponseInput = ResponseInput<typeof describeTopicPartitions>

// Metadata: the cluster's brokers, its topics and who leads their partitions.
//
// Topics: null asks for all; at version 0 an empty list does.   4: auto-creation can be declined   5: offline replicas
// 7: leader epoch   8: authorized operations   9: flexible   10: topic ids   12: ask by topic id   13: an error of the whole answer
import {
  api,
  array,
  boolean,
  int16,
  int32,
  nullableString,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
  uuid,
} from '../schema/index.ts'
import { operationsNotAsked } from './common.ts'

export const metadata = api(3, 'Metadata', {
  versions: [0, 13],
  flexible: 9,
  request: {
    topics: array({ topicId: uuid.since(10), name: string.nullableSince(10) }).nullableSince(1),
    allowAutoTopicCreation: boolean.since(4, true),
    includeClusterAuthorizedOperations: boolean.since(8).until(10),
    includeTopicAuthorizedOperations: boolean.since(8),
  },
  response: {
    throttleTimeMs: int32.since(3),
    brokers: array({ nodeId: int32, host: string, port: int32, rack: nullableString.since(1) }),
    clusterId: nullableString.since(2),
    controllerId: int32.since(1, -1),
    topics: array({
      errorCode: int16,
      name: string.nullableSince(12),
      topicId: uuid.since(10),
      isInternal: boolean.since(1),
      partitions: array({
        errorCode: int16,
        partitionIndex: int32,
        leaderId: int32,
        leaderEpoch: int32.since(7, -1),
        replicaNodes: array(int32),
        isrNodes: array(int32),
        offlineReplicas: array(int32).since(5),
      }),
      topicAuthorizedOperations: int32.since(8, operationsNotAsked),
    }),
    clusterAuthorizedOperations: int32.since(8, operationsNotAsked).until(10),
    errorCode: int16.since(13),
  },
})

export type MetadataRequest = RequestOf<typeof metadata>
export type MetadataRequestInput = RequestInput<typeof metadata>
export type MetadataResponse = ResponseOf<typeof metadata>
export type MetadataResponseInput = ResponseInput<typeof metadata>

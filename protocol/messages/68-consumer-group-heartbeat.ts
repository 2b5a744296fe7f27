// ConsumerGroupHeartbeat: claim, renewal and release of a group's partitions (KIP-848).
//
// Member epoch 0 joins, -1 leaves, -2 leaves for a while (static members). Null means unchanged since the last one.
// 1: subscription by regular expression, member ids made by the client (KIP-1082)
import {
  api,
  array,
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
} from '../schema/index.ts'
import { topicPartitions } from './common.ts'

export const consumerGroupHeartbeat = api(68, 'ConsumerGroupHeartbeat', {
  versions: [0, 1],
  flexible: 0,
  request: {
    groupId: string,
    memberId: string,
    memberEpoch: int32,
    instanceId: nullableString.default(null),
    rackId: nullableString.default(null),
    rebalanceTimeoutMs: int32.default(-1),
    subscribedTopicNames: nullableArray(string).default(null),
    subscribedTopicRegex: nullableString.since(1),
    serverAssignor: nullableString.default(null),
    topicPartitions: nullableArray(topicPartitions).default(null),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: nullableString.default(null),
    memberId: nullableString.default(null),
    memberEpoch: int32,
    heartbeatIntervalMs: int32,
    assignment: nullableStruct({ topicPartitions: array(topicPartitions) }).default(null),
  },
})

export type ConsumerGroupHeartbeatRequest = RequestOf<typeof consumerGroupHeartbeat>
export type ConsumerGroupHeartbeatRequestInput = RequestInput<typeof consumerGroupHeartbeat>
export type ConsumerGroupHeartbeatResponse = ResponseOf<typeof consumerGroupHeartbeat>
export type ConsumerGroupHeartbeatResponseInput = ResponseInput<typeof consumerGroupHeartbeat>

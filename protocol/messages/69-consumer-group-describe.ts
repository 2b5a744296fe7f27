// ConsumerGroupDescribe: groups of KIP-848, their members, what these have and what they are to have.
//
// 1: the type of a member (KIP-1099)
import {
  api,
  array,
  boolean,
  int8,
  int16,
  int32,
  nullableString,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
  struct,
  uuid,
} from '../schema/index.ts'
import { operationsNotAsked } from './common.ts'

const assignment = struct({
  topicPartitions: array({ topicId: uuid, topicName: string, partitions: array(int32) }),
})

export const consumerGroupDescribe = api(69, 'ConsumerGroupDescribe', {
  versions: [0, 1],
  flexible: 0,
  request: { groupIds: array(string), includeAuthorizedOperations: boolean },
  response: {
    throttleTimeMs: int32.default(0),
    groups: array({
      errorCode: int16,
      errorMessage: nullableString.default(null),
      groupId: string,
      groupState: string,
      groupEpoch: int32,
      assignmentEpoch: int32,
      assignorName: string,
      members: array({
        memberId: string,
        instanceId: nullableString.default(null),
        rackId: nullableString.default(null),
        memberEpoch: int32,
        clientId: string,
        clientHost: string,
        subscribedTopicNames: array(string),
        subscribedTopicRegex: nullableString.default(null),
        assignment,
        targetAssignment: assignment,
        /** 0: classic, 1: of KIP-848. */
        memberType: int8.since(1, -1),
      }),
      authorizedOperations: int32.default(operationsNotAsked),
    }),
  },
})

export type ConsumerGroupDescribeRequest = RequestOf<typeof consumerGroupDescribe>
export type ConsumerGroupDescribeRequestInput = RequestInput<typeof consumerGroupDescribe>
export type ConsumerGroupDescribeResponse = ResponseOf<typeof consumerGroupDescribe>
export type ConsumerGroupDescribeResponseInput = ResponseInput<typeof consumerGroupDescribe>

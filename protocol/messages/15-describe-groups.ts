// DescribeGroups: groups of the classic protocol, with their members. Those of KIP-848 are told by ConsumerGroupDescribe (69).
//
// 1: throttle time   3: authorized operations   4: static members   5: flexible   6: error messages, GROUP_ID_NOT_FOUND (KIP-1043)
import {
  api,
  array,
  boolean,
  bytes,
  int16,
  int32,
  nullableString,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
} from '../schema/index.ts'
import { operationsNotAsked } from './common.ts'

export const describeGroups = api(15, 'DescribeGroups', {
  versions: [0, 6],
  flexible: 5,
  request: { groups: array(string), includeAuthorizedOperations: boolean.since(3) },
  response: {
    throttleTimeMs: int32.since(1),
    groups: array({
      errorCode: int16,
      errorMessage: nullableString.since(6),
      groupId: string,
      groupState: string,
      protocolType: string,
      protocolData: string,
      members: array({
        memberId: string,
        groupInstanceId: nullableString.since(4),
        clientId: string,
        clientHost: string,
        memberMetadata: bytes,
        memberAssignment: bytes,
      }),
      authorizedOperations: int32.since(3, operationsNotAsked),
    }),
  },
})

export type DescribeGroupsRequest = RequestOf<typeof describeGroups>
export type DescribeGroupsRequestInput = RequestInput<typeof describeGroups>
export type DescribeGroupsResponse = ResponseOf<typeof describeGroups>
export type DescribeGroupsResponseInput = ResponseInput<typeof describeGroups>

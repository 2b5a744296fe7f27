// ListGroups: the groups that one broker coordinates.
//
// 1: throttle time   3: flexible   4: only those in some states (KIP-518)   5: only those of some types (KIP-848)
import {
  api,
  array,
  int16,
  int32,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
} from '../schema/index.ts'

export const listGroups = api(16, 'ListGroups', {
  versions: [0, 5],
  flexible: 3,
  /** Empty: all of them. */
  request: { statesFilter: array(string).since(4), typesFilter: array(string).since(5) },
  response: {
    throttleTimeMs: int32.since(1),
    errorCode: int16,
    groups: array({
      groupId: string,
      protocolType: string,
      groupState: string.since(4),
      groupType: string.since(5),
    }),
  },
})

export type ListGroupsRequest = RequestOf<typeof listGroups>
export type ListGroupsRequestInput = RequestInput<typeof listGroups>
export type ListGroupsResponse = ResponseOf<typeof listGroups>
export type ListGroupsResponseInput = ResponseInput<typeof listGroups>

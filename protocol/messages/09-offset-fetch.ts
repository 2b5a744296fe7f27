// OffsetFetch: where a group's processing stands.
//
// Topics: null asks for all of the group's (from 2).   5: leader epoch   6: flexible   7: stable offsets
// 8: several groups in one request, in `groups` instead of `groupId` and `topics`   9: member epochs (KIP-848)   10: topic ids
import {
  api,
  array,
  boolean,
  int16,
  int32,
  int64,
  nullableArray,
  nullableString,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
  uuid,
} from '../schema/index.ts'

const committed = {
  partitionIndex: int32,
  committedOffset: int64,
  committedLeaderEpoch: int32.since(5, -1),
  metadata: nullableString,
  errorCode: int16,
}

export const offsetFetch = api(9, 'OffsetFetch', {
  versions: [1, 10],
  flexible: 6,
  request: {
    groupId: string.until(7),
    topics: array({ name: string, partitionIndexes: array(int32) })
      .nullableSince(2)
      .until(7),
    groups: array({
      groupId: string,
      memberId: nullableString.since(9),
      memberEpoch: int32.since(9, -1),
      topics: nullableArray({ name: string.until(9), topicId: uuid.since(10), partitionIndexes: array(int32) }),
    }).since(8),
    requireStable: boolean.since(7),
  },
  response: {
    throttleTimeMs: int32.since(3),
    topics: array({ name: string, partitions: array(committed) }).until(7),
    errorCode: int16.since(2).until(7),
    groups: array({
      groupId: string,
      topics: array({ name: string.until(9), topicId: uuid.since(10), partitions: array(committed) }),
      errorCode: int16.default(0),
    }).since(8),
  },
})

export type OffsetFetchRequest = RequestOf<typeof offsetFetch>
export type OffsetFetchRequestInput = RequestInput<typeof offsetFetch>
export type OffsetFetchResponse = ResponseOf<typeof offsetFetch>
export type OffsetFetchResponseInput = ResponseInput<typeof offsetFetch>

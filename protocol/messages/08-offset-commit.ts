// OffsetCommit: what a group has processed.
//
// 2 to 4: retention time   6: leader epoch   7: static members   8: flexible   9: member epochs (KIP-848)   10: topic ids
import {
  api,
  array,
  int16,
  int32,
  int64,
  nullableString,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
  uuid,
} from '../schema/index.ts'

export const offsetCommit = api(8, 'OffsetCommit', {
  versions: [2, 10],
  flexible: 8,
  request: {
    groupId: string,
    generationIdOrMemberEpoch: int32.default(-1),
    memberId: string,
    groupInstanceId: nullableString.since(7),
    retentionTimeMs: int64.until(4, -1),
    topics: array({
      name: string.until(9),
      topicId: uuid.since(10),
      partitions: array({
        partitionIndex: int32,
        committedOffset: int64,
        committedLeaderEpoch: int32.since(6, -1),
        committedMetadata: nullableString,
      }),
    }),
  },
  response: {
    throttleTimeMs: int32.since(3),
    topics: array({
      name: string.until(9),
      topicId: uuid.since(10),
      partitions: array({ partitionIndex: int32, errorCode: int16 }),
    }),
  },
})

export type OffsetCommitRequest = RequestOf<typeof offsetCommit>
export type OffsetCommitRequestInput = RequestInput<typeof offsetCommit>
export type OffsetCommitResponse = ResponseOf<typeof offsetCommit>
export type OffsetCommitResponseInput = ResponseInput<typeof offsetCommit>

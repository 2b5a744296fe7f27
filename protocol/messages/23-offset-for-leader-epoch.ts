// OffsetForLeaderEpoch: where an epoch ends, so that a replica or consumer cuts there (R5).
//
// 3: replica id (-2: a debug consumer)   4: flexible
import {
  api,
  array,
  int16,
  int32,
  int64,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
} from '../schema/index.ts'

export const offsetForLeaderEpoch = api(23, 'OffsetForLeaderEpoch', {
  versions: [2, 4],
  flexible: 4,
  request: {
    replicaId: int32.since(3, -2),
    topics: array({
      topic: string,
      partitions: array({ partition: int32, currentLeaderEpoch: int32.default(-1), leaderEpoch: int32 }),
    }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    topics: array({
      topic: string,
      partitions: array({
        errorCode: int16,
        partition: int32,
        leaderEpoch: int32.default(-1),
        endOffset: int64.default(-1),
      }),
    }),
  },
})

export type OffsetForLeaderEpochRequest = RequestOf<typeof offsetForLeaderEpoch>
export type OffsetForLeaderEpochRequestInput = RequestInput<typeof offsetForLeaderEpoch>
export type OffsetForLeaderEpochResponse = ResponseOf<typeof offsetForLeaderEpoch>
export type OffsetForLeaderEpochResponseInput = ResponseInput<typeof offsetForLeaderEpoch>

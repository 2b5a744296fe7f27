// ListOffsets: the offset at a time, or at an end of the log.
//
// Times with a meaning: -1 latest, -2 earliest, -3 max timestamp (7), -4 earliest local (8), -5 latest tiered (9), -6 earliest pending upload (11)
// 2: isolation level   4: leader epoch   6: flexible   10: timeout (KIP-1075)
import {
  api,
  array,
  int8,
  int16,
  int32,
  int64,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
} from '../schema/index.ts'

export const listOffsets = api(2, 'ListOffsets', {
  versions: [1, 11],
  flexible: 6,
  request: {
    replicaId: int32.default(-1),
    isolationLevel: int8.since(2),
    topics: array({
      name: string,
      partitions: array({ partitionIndex: int32, currentLeaderEpoch: int32.since(4, -1), timestamp: int64 }),
    }),
    timeoutMs: int32.since(10),
  },
  response: {
    throttleTimeMs: int32.since(2),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        timestamp: int64.default(-1),
        offset: int64.default(-1),
        leaderEpoch: int32.since(4, -1),
      }),
    }),
  },
})

export type ListOffsetsRequest = RequestOf<typeof listOffsets>
export type ListOffsetsRequestInput = RequestInput<typeof listOffsets>
export type ListOffsetsResponse = ResponseOf<typeof listOffsets>
export type ListOffsetsResponseInput = ResponseInput<typeof listOffsets>

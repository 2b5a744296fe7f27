// ElectLeaders: preferred leaders at once, or unclean ones (KIP-460).
//
// 1: unclean elections, an error of the whole   2: flexible
import {
  api,
  array,
  int8,
  int16,
  int32,
  nullableArray,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
} from '../schema/index.ts'
import { outcome } from './common.ts'

export const electLeaders = api(43, 'ElectLeaders', {
  versions: [0, 2],
  flexible: 2,
  request: {
    /** 0: preferred, 1: unclean. */
    electionType: int8.since(1),
    /** Null: all. */
    topicPartitions: nullableArray({ topic: string, partitions: array(int32) }),
    timeoutMs: int32.default(60_000),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16.since(1),
    replicaElectionResults: array({
      topic: string,
      partitionResult: array({ partitionId: int32, ...outcome }),
    }),
  },
})

export type ElectLeadersRequest = RequestOf<typeof electLeaders>
export type ElectLeadersRequestInput = RequestInput<typeof electLeaders>
export type ElectLeadersResponse = ResponseOf<typeof electLeaders>
export type ElectLeadersResponseInput = ResponseInput<typeof electLeaders>

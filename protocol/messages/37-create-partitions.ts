// CreatePartitions: more partitions for topics.
//
// 2: flexible
import {
  api,
  array,
  boolean,
  int32,
  nullableArray,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
} from '../schema/index.ts'
import { outcome } from './common.ts'

export const createPartitions = api(37, 'CreatePartitions', {
  versions: [0, 3],
  flexible: 2,
  request: {
    topics: array({
      name: string,
      /** In all. */
      count: int32,
      /** Null: placed by whoever decides. */
      assignments: nullableArray({ brokerIds: array(int32) }),
    }),
    timeoutMs: int32,
    validateOnly: boolean,
  },
  response: {
    throttleTimeMs: int32.default(0),
    results: array({ name: string, ...outcome }),
  },
})

export type CreatePartitionsRequest = RequestOf<typeof createPartitions>
export type CreatePartitionsRequestInput = RequestInput<typeof createPartitions>
export type CreatePartitionsResponse = ResponseOf<typeof createPartitions>
export type CreatePartitionsResponseInput = ResponseInput<typeof createPartitions>

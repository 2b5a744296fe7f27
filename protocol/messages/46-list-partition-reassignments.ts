// ListPartitionReassignments: partitions whose replicas are being changed (KIP-455).
import {
  api,
  array,
  int32,
  nullableArray,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
} from '../schema/index.ts'
import { outcome } from './common.ts'

export const listPartitionReassignments = api(46, 'ListPartitionReassignments', {
  versions: [0, 0],
  flexible: 0,
  request: {
    timeoutMs: int32.default(60_000),
    /** Null: all. */
    topics: nullableArray({ name: string, partitionIndexes: array(int32) }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    ...outcome,
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        replicas: array(int32),
        addingReplicas: array(int32),
        removingReplicas: array(int32),
      }),
    }),
  },
})

export type ListPartitionReassignmentsRequest = RequestOf<typeof listPartitionReassignments>
export type ListPartitionReassignmentsRequestInput = RequestInput<typeof listPartitionReassignments>
export type ListPartitionReassignmentsResponse = ResponseOf<typeof listPartitionReassignments>
export type ListPartitionReassignmentsResponseInput = ResponseInput<typeof listPartitionReassignments>

// AlterPartitionReassignments: other replicas for partitions, or what is under way taken back (KIP-455).
//
// 1: whether there may be more or fewer replicas
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

export const alterPartitionReassignments = api(45, 'AlterPartitionReassignments', {
  versions: [0, 1],
  flexible: 0,
  request: {
    timeoutMs: int32.default(60_000),
    allowReplicationFactorChange: boolean.since(1, true),
    /** Replicas null: taken back. */
    topics: array({ name: string, partitions: array({ partitionIndex: int32, replicas: nullableArray(int32) }) }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    allowReplicationFactorChange: boolean.since(1, true),
    ...outcome,
    responses: array({
      name: string,
      partitions: array({ partitionIndex: int32, ...outcome }),
    }),
  },
})

export type AlterPartitionReassignmentsRequest = RequestOf<typeof alterPartitionReassignments>
export type AlterPartitionReassignmentsRequestInput = RequestInput<typeof alterPartitionReassignments>
export type AlterPartitionReassignmentsResponse = ResponseOf<typeof alterPartitionReassignments>
export type AlterPartitionReassignmentsResponseInput = ResponseInput<typeof alterPartitionReassignments>

// FindCoordinator: which broker coordinates a group or transaction.
//
// 1: key type (0 group, 1 transaction, 2 share state from 6)   3: flexible   4: several keys in one request, instead of `key`
import {
  api,
  array,
  int8,
  int16,
  int32,
  nullableString,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
} from '../schema/index.ts'

export const findCoordinator = api(10, 'FindCoordinator', {
  versions: [0, 6],
  flexible: 3,
  request: {
    key: string.until(3),
    keyType: int8.since(1),
    coordinatorKeys: array(string).since(4),
  },
  response: {
    throttleTimeMs: int32.since(1),
    errorCode: int16.until(3),
    errorMessage: nullableString.since(1).until(3),
    nodeId: int32.until(3),
    host: string.until(3),
    port: int32.until(3),
    coordinators: array({
      key: string,
      nodeId: int32,
      host: string,
      port: int32,
      errorCode: int16,
      errorMessage: nullableString.default(null),
    }).since(4),
  },
})

export type FindCoordinatorRequest = RequestOf<typeof findCoordinator>
export type FindCoordinatorRequestInput = RequestInput<typeof findCoordinator>
export type FindCoordinatorResponse = ResponseOf<typeof findCoordinator>
export type FindCoordinatorResponseInput = ResponseInput<typeof findCoordinator>

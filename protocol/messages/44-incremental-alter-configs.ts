// IncrementalAlterConfigs: single settings changed, all others left as they are (KIP-339).
//
// Operations: 0 set, 1 delete (back to the default), 2 append to a list, 3 subtract from it.   1: flexible
import {
  api,
  array,
  boolean,
  int8,
  int32,
  nullableString,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
} from '../schema/index.ts'
import { outcome } from './common.ts'

export const incrementalAlterConfigs = api(44, 'IncrementalAlterConfigs', {
  versions: [0, 1],
  flexible: 1,
  request: {
    resources: array({
      /** As in DescribeConfigs. */
      resourceType: int8,
      resourceName: string,
      configs: array({ name: string, configOperation: int8, value: nullableString }),
    }),
    validateOnly: boolean,
  },
  response: {
    throttleTimeMs: int32.default(0),
    responses: array({ ...outcome, resourceType: int8, resourceName: string }),
  },
})

export type IncrementalAlterConfigsRequest = RequestOf<typeof incrementalAlterConfigs>
export type IncrementalAlterConfigsRequestInput = RequestInput<typeof incrementalAlterConfigs>
export type IncrementalAlterConfigsResponse = ResponseOf<typeof incrementalAlterConfigs>
export type IncrementalAlterConfigsResponseInput = ResponseInput<typeof incrementalAlterConfigs>

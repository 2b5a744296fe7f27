// DescribeConfigs: settings of topics and brokers, with where each value comes from.
//
// Resource types: 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.   1: sources and synonyms   3: types, documentation   4: flexible
import {
  api,
  array,
  boolean,
  int8,
  int32,
  nullableArray,
  nullableString,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
} from '../schema/index.ts'
import { outcome } from './common.ts'

export const describeConfigs = api(32, 'DescribeConfigs', {
  versions: [1, 4],
  flexible: 4,
  request: {
    resources: array({ resourceType: int8, resourceName: string, configurationKeys: nullableArray(string) }),
    includeSynonyms: boolean.default(false),
    includeDocumentation: boolean.since(3),
  },
  response: {
    throttleTimeMs: int32.default(0),
    results: array({
      ...outcome,
      resourceType: int8,
      resourceName: string,
      configs: array({
        name: string,
        value: nullableString,
        readOnly: boolean,
        configSource: int8.default(-1),
        isSensitive: boolean,
        synonyms: array({ name: string, value: nullableString, source: int8 }).default([]),
        configType: int8.since(3),
        documentation: nullableString.since(3),
      }),
    }),
  },
})

export type DescribeConfigsRequest = RequestOf<typeof describeConfigs>
export type DescribeConfigsRequestInput = RequestInput<typeof describeConfigs>
export type DescribeConfigsResponse = ResponseOf<typeof describeConfigs>
export type DescribeConfigsResponseInput = ResponseInput<typeof describeConfigs>

// CreateTopics.
//
// 4: -1 partitions or replicas for the default   5: flexible, the settings in the answer (KIP-525)   7: topic ids
import {
  api,
  array,
  boolean,
  int8,
  int16,
  int32,
  nullableArray,
  nullableString,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
  uuid,
} from '../schema/index.ts'

export const createTopics = api(19, 'CreateTopics', {
  versions: [2, 7],
  flexible: 5,
  request: {
    topics: array({
      name: string,
      numPartitions: int32,
      replicationFactor: int16,
      assignments: array({ partitionIndex: int32, brokerIds: array(int32) }),
      configs: array({ name: string, value: nullableString }),
    }),
    timeoutMs: int32.default(60_000),
    validateOnly: boolean.default(false),
  },
  response: {
    throttleTimeMs: int32.default(0),
    topics: array({
      name: string,
      topicId: uuid.since(7),
      errorCode: int16,
      errorMessage: nullableString.default(null),
      topicConfigErrorCode: int16.tagged(0, 5, 0),
      numPartitions: int32.since(5, -1),
      replicationFactor: int16.since(5, -1),
      configs: nullableArray({
        name: string,
        value: nullableString,
        readOnly: boolean,
        configSource: int8.default(-1),
        isSensitive: boolean,
      }).since(5),
    }),
  },
})

export type CreateTopicsRequest = RequestOf<typeof createTopics>
export type CreateTopicsRequestInput = RequestInput<typeof createTopics>
export type CreateTopicsResponse = ResponseOf<typeof createTopics>
export type CreateTopicsResponseInput = ResponseInput<typeof createTopics>

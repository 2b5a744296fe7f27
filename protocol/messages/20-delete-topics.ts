// DeleteTopics.
//
// 4: flexible   5: error messages   6: by name or topic id, in `topics` instead of `topicNames`
import {
  api,
  array,
  int16,
  int32,
  nullableString,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
  uuid,
  zeroUuid,
} from '../schema/index.ts'

export const deleteTopics = api(20, 'DeleteTopics', {
  versions: [1, 6],
  flexible: 4,
  request: {
    topics: array({ name: nullableString.default(null), topicId: uuid.default(zeroUuid) }).since(6),
    topicNames: array(string).until(5),
    timeoutMs: int32,
  },
  response: {
    throttleTimeMs: int32.default(0),
    responses: array({
      name: string.nullableSince(6),
      topicId: uuid.since(6),
      errorCode: int16,
      errorMessage: nullableString.since(5),
    }),
  },
})

export type DeleteTopicsRequest = RequestOf<typeof deleteTopics>
export type DeleteTopicsRequestInput = RequestInput<typeof deleteTopics>
export type DeleteTopicsResponse = ResponseOf<typeof deleteTopics>
export type DeleteTopicsResponseInput = ResponseInput<typeof deleteTopics>

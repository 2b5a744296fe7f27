// InitProducerId: an id and epoch for an idempotent or transactional producer.
//
// 2: flexible   3: a producer that has an id asks for its next epoch (KIP-360)   4: PRODUCER_FENCED   5: KIP-890
import {
  api,
  int16,
  int32,
  int64,
  nullableString,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
} from '../schema/index.ts'

export const initProducerId = api(22, 'InitProducerId', {
  versions: [0, 5],
  flexible: 2,
  request: {
    transactionalId: nullableString,
    transactionTimeoutMs: int32,
    producerId: int64.since(3, -1),
    producerEpoch: int16.since(3, -1),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    producerId: int64.default(-1),
    producerEpoch: int16,
  },
})

export type InitProducerIdRequest = RequestOf<typeof initProducerId>
export type InitProducerIdRequestInput = RequestInput<typeof initProducerId>
export type InitProducerIdResponse = ResponseOf<typeof initProducerId>
export type InitProducerIdResponseInput = ResponseInput<typeof initProducerId>

// Produce: append record batches to partitions.
//
// 3: records v2, transactions   5: log start offset   7: zstd   8: errors by record (KIP-467)   9: flexible
// 10: the current leader (KIP-951)   12: transactions' partitions are added implicitly (KIP-890)   13: topic ids (KIP-516)
// 0 to 2 are advertised for old librdkafka and refused (KAFKA-18659); they are here to answer them.
import {
  api,
  array,
  int16,
  int32,
  int64,
  nullableString,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  records,
  string,
  uuid,
} from '../schema/index.ts'
import { currentLeader, nodeEndpoints } from './common.ts'

export const produce = api(0, 'Produce', {
  versions: [0, 13],
  flexible: 9,
  request: {
    transactionalId: nullableString.since(3),
    acks: int16,
    timeoutMs: int32,
    topicData: array({
      name: string.until(12),
      topicId: uuid.since(13),
      partitionData: array({ index: int32, records }),
    }),
  },
  response: {
    responses: array({
      name: string.until(12),
      topicId: uuid.since(13),
      partitionResponses: array({
        index: int32,
        errorCode: int16,
        baseOffset: int64,
        logAppendTimeMs: int64.since(2, -1),
        logStartOffset: int64.since(5, -1),
        recordErrors: array({ batchIndex: int32, batchIndexErrorMessage: nullableString.default(null) }).since(8),
        errorMessage: nullableString.since(8),
        currentLeader: currentLeader.tagged(0, 10, null),
      }),
    }),
    throttleTimeMs: int32.since(1),
    nodeEndpoints: nodeEndpoints.tagged(0, 10, []),
  },
})

export type ProduceRequest = RequestOf<typeof produce>
export type ProduceRequestInput = RequestInput<typeof produce>
export type ProduceResponse = ResponseOf<typeof produce>
export type ProduceResponseInput = ResponseInput<typeof produce>

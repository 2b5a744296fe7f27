// InitProducerId (22), versions 0 to 5: an id for an idempotent producer, from the blocks that Castle gave this broker.
// A producer that has an id gets the next epoch of it (KIP-360), so that partitions fence what it still has in flight.
// Transactions come later: a transactional id is refused, with the error that clients take for final.
//
//   2 flexible   3 the id and epoch that the producer has   4 PRODUCER_FENCED   5 TRANSACTION_ABORTABLE (KIP-890)
import { initProducerId as api, errors, type InitProducerIdResponseInput as Response } from '@castellan/protocol'
import { handler } from './handler.ts'

/** One below the highest int16, as in Kafka: an epoch that is used up leads to a new id. */
const epochMax = 32_766
/** A client asks again after an error that it may retry; so a short wait for Castle is enough. */
const blockWaitMs = 1_000

export const initProducerId = handler(api, async ({ transactionalId, producerId, producerEpoch }, { broker }) => {
  const refusal = refusalOf(transactionalId, producerId, producerEpoch)
  if (refusal === 0) {
    if (producerId >= 0 && producerEpoch < epochMax)
      return { errorCode: 0, producerId, producerEpoch: producerEpoch + 1 }
    const fresh = await broker.producerIds.take(blockWaitMs)
    if (fresh !== null) return { errorCode: 0, producerId: fresh, producerEpoch: 0 }
  }
  const errorCode = refusal || errors.COORDINATOR_LOAD_IN_PROGRESS.code
  broker.counters.error(api.key, errorCode)
  return { errorCode, producerId: -1, producerEpoch: -1 } satisfies Response
})

function refusalOf(transactionalId: string | null, producerId: number, producerEpoch: number): number {
  if (transactionalId === '') return errors.INVALID_REQUEST.code
  if (transactionalId !== null) return errors.TRANSACTIONAL_ID_AUTHORIZATION_FAILED.code
  const hasId = producerId >= 0
  const hasEpoch = producerEpoch >= 0
  return hasId === hasEpoch ? 0 : errors.INVALID_REQUEST.code
}

// What Castle says of partitions that an admin client named: an outcome each, put together by topic as Kafka answers it.
import { errorOf, errors, groupBy } from '@castellan/protocol'
import { type Call as CallMessage, checks } from '@castellan/protocol/heartbeat'
import type { BrokerParts } from './handler.ts'

export interface Outcome {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  readonly errorMessage: string | null
}

/** As many as one call to Castle may name. */
export const partitionsMax = 10_000

/** Outcomes of a call, or the error of the whole. */
export async function outcomesOf(
  { castle }: BrokerParts,
  method: CallMessage['method'],
  args: unknown,
  timeoutMs: number,
): Promise<readonly Outcome[] | { readonly errorCode: number; readonly errorMessage: string }> {
  const { errorCode, message, value } = await castle.call(method, args, timeoutMs)
  if (errorCode !== 0) return { errorCode, errorMessage: message ?? errorOf(errorCode).message }
  if (!checks.partitionOutcomes.is(value)) {
    const { code } = errors.UNKNOWN_SERVER_ERROR
    return { errorCode: code, errorMessage: 'Castle answered in words that this broker does not know' }
  }
  return value.partitions.map(({ topic, partition, errorCode: code, message: said }) => {
    return { topic, partition, errorCode: code, errorMessage: code === 0 ? null : (said ?? errorOf(code).message) }
  })
}

/** In the order in which topics are first named. */
export function byTopic(outcomes: readonly Outcome[]): Map<string, Outcome[]> {
  return groupBy(outcomes, ({ topic }) => topic)
}

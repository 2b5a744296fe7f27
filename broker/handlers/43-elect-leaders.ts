// ElectLeaders (43), versions 0 to 2: passed on to Castle, which alone elects: the preferred replicas at once, or the longest log that is left
// where nobody in sync can lead (KIP-460).
//
//   1 unclean elections, an error of the whole   2 flexible
import { electLeaders as api, errors } from '@castellan/protocol'
import type { ElectLeadersArgs } from '@castellan/protocol/heartbeat'
import { handler } from './handler.ts'
import { byTopic, outcomesOf, partitionsMax } from './outcomes.ts'

const kinds: readonly (ElectLeadersArgs['type'] | undefined)[] = ['preferred', 'unclean']

export const electLeaders = handler(api, async ({ electionType, topicPartitions, timeoutMs }, { broker }) => {
  const type = kinds[electionType]
  const named = topicPartitions?.flatMap(({ topic, partitions }) => {
    return [...new Set(partitions)].map((partition) => ({ topic, partition }))
  })
  if (type === undefined || (named?.length ?? 0) > partitionsMax) {
    broker.counters.error(api.key, errors.INVALID_REQUEST.code)
    return { errorCode: errors.INVALID_REQUEST.code, replicaElectionResults: [] }
  }
  const outcomes = await outcomesOf(broker, 'electLeaders', { type, partitions: named ?? null }, timeoutMs)
  if ('errorCode' in outcomes) {
    broker.counters.error(api.key, outcomes.errorCode)
    return { errorCode: outcomes.errorCode, replicaElectionResults: [] }
  }
  return {
    errorCode: 0,
    replicaElectionResults: [...byTopic(outcomes)].map(([topic, each]) => ({
      topic,
      partitionResult: each.map(({ partition, errorCode, errorMessage }) => {
        return { partitionId: partition, errorCode, errorMessage }
      }),
    })),
  }
})

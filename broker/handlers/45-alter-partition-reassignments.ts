// AlterPartitionReassignments (45), versions 0 and 1: passed on to Castle, which lets nobody go before those who come are in sync (KIP-455).
//
//   1 whether there may be more or fewer replicas than before
import {
  alterPartitionReassignments as api,
  errors,
  type AlterPartitionReassignmentsRequest as Request,
  replicationFactorOf,
} from '@castellan/protocol'
import { checks } from '@castellan/protocol/heartbeat'
import { type BrokerParts, handler } from './handler.ts'
import { byTopic, type Outcome, outcomesOf } from './outcomes.ts'

interface Asked {
  readonly topic: string
  readonly partition: number
  readonly replicas: number[] | null
}

export const alterPartitionReassignments = handler(api, async (request, { broker }) => {
  const { allowReplicationFactorChange, timeoutMs } = request
  const asked = askedOf(request)
  const kept = asked.filter((each) => allowReplicationFactorChange || keepsFactor(broker, each))
  const refused = asked.filter((each) => !kept.includes(each)).map(otherFactor)
  const args = { partitions: kept }
  const said = checks.reassignPartitionsArgs.is(args)
    ? await outcomesOf(broker, 'reassignPartitions', args, timeoutMs)
    : {
        errorCode: errors.INVALID_REQUEST.code,
        errorMessage: 'more partitions or replicas than one request may name, or ids that are none',
      }
  if ('errorCode' in said) {
    broker.counters.error(api.key, said.errorCode)
    return { allowReplicationFactorChange, ...said, responses: [] }
  }
  const responses = [...byTopic([...said, ...refused])].map(([name, outcomes]) => ({
    name,
    partitions: outcomes.map(({ partition, errorCode, errorMessage }) => {
      return { partitionIndex: partition, errorCode, errorMessage }
    }),
  }))
  return { allowReplicationFactorChange, errorCode: 0, errorMessage: null, responses }
})

function askedOf({ topics }: Request): Asked[] {
  return topics.flatMap(({ name, partitions }) => {
    return partitions.map(({ partitionIndex, replicas }) => ({ topic: name, partition: partitionIndex, replicas }))
  })
}

/** Of what is not known here Castle says so. */
function keepsFactor({ metadata }: BrokerParts, { topic, partition, replicas }: Asked): boolean {
  const state = metadata.topicNamed(topic)?.partitions[partition]
  return replicas === null || state === undefined || replicas.length === replicationFactorOf(state)
}

function otherFactor({ topic, partition }: Asked): Outcome {
  const errorMessage = 'these would be more or fewer replicas, which the request does not allow'
  return { topic, partition, errorCode: errors.INVALID_REPLICATION_FACTOR.code, errorMessage }
}

// Metadata (3), versions 0 to 13: the living brokers, and who leads the partitions of which topics, as Castle last said.
// Topics are never made by asking for them. The controller is a broker (any passes admin requests on to Castle).
//
// Who asks right after a leader died would be told of the dead one, and some clients ask again only seconds later (franz-go: five). So an
// answer that names another leader waits a moment: clients and brokers hear that a process is gone within milliseconds of each other, in any
// order. If that leader is one whom this broker itself has just lost then, it waits for Castle's word, a second at most. Whose process
// went away stays on the list of brokers for a while, as in Kafka: librdkafka takes everything away from a broker that is not named any
// more before it looks who leads, and asks again only a second later.
//
//  1 rack, controller, internal   2 cluster id   5 offline replicas   7 leader epoch   8 authorized operations
//  9 flexible   10 topic ids   12 topics by id   13 an error of the whole
import {
  metadata as api,
  errors,
  operationsNotAsked,
  type MetadataRequest as Request,
  type MetadataResponseInput as Response,
  zeroUuid,
} from '@castellan/protocol'
import type { PartitionState, TopicState } from '@castellan/protocol/heartbeat'
import type { BrokerAddress, Metadata } from '../castle/metadata.ts'
import { doubtMs } from '../replication/fetchers.ts'
import { type BrokerParts, handler } from './handler.ts'
import { clusterIdOf, unknownNameError, unknownTopicError } from './lookup.ts'

type TopicAnswer = Response['topics'][number]
type PartitionAnswer = TopicAnswer['partitions'][number]

export const metadata = handler(api, (request, context) => {
  const { broker, apiVersion } = context
  const wantsAll = request.topics === null || (apiVersion === 0 && request.topics.length === 0)
  const topics = wantsAll ? null : request.topics
  if (!namesOtherLeader(broker, topics)) return answerOf(broker, request, topics)
  const isAbandoned = new Promise<void>((resolve) => context.onAbandoned(resolve))
  return Promise.race([untilCertain(broker, topics), isAbandoned]).then(() => answerOf(broker, request, topics))
})

/** By then this broker has heard of it, too, when a leader's death is why a client asks. */
export const momentMs = 25

async function untilCertain(broker: BrokerParts, topics: Request['topics']): Promise<void> {
  const { runtime, metadata } = broker
  await new Promise<void>((resolve) => runtime.clock.after(momentMs, resolve))
  await metadata.when(() => !namesLeaderInDoubt(broker, topics), doubtMs)
}

/** `topics` null: all of them. */
function answerOf(broker: BrokerParts, request: Request, topics: Request['topics']): Response {
  const { includeTopicAuthorizedOperations, includeClusterAuthorizedOperations } = request
  const brokers = livingBrokers(broker)
  const found = topics === null ? everyTopic(broker) : topics.map((topic) => topicAskedFor(broker, topic))
  return {
    brokers: [...brokers, ...broker.fetchers.gone().map(nodeOf)],
    clusterId: clusterIdOf(broker),
    controllerId: controllerOf(broker, brokers),
    topics: found.map((topic) => ({
      ...topic,
      topicAuthorizedOperations:
        includeTopicAuthorizedOperations && topic.errorCode === 0 ? topicOperations : operationsNotAsked,
    })),
    clusterAuthorizedOperations: includeClusterAuthorizedOperations ? clusterOperations : operationsNotAsked,
  }
}

function namesOtherLeader(broker: BrokerParts, topics: Request['topics']): boolean {
  return namesLeader(broker, topics, (leader) => leader >= 0 && leader !== broker.config.brokerId)
}

function namesLeaderInDoubt(broker: BrokerParts, topics: Request['topics']): boolean {
  const inDoubt = broker.fetchers.leadersInDoubt()
  return inDoubt.size > 0 && namesLeader(broker, topics, (leader) => inDoubt.has(leader))
}

function namesLeader({ metadata }: BrokerParts, topics: Request['topics'], is: (leader: number) => boolean): boolean {
  const asked = topics === null ? metadata.topics() : topics.map((topic) => topicNamed(metadata, topic))
  for (const topic of asked) {
    if (topic?.partitions.some(({ leader }) => is(leader))) return true
  }
  return false
}

/** Without authentication everybody may do everything: as bits, by Kafka's numbers of operations. */
export const topicOperations = bits(3, 4, 5, 6, 7, 8, 10, 11)
export const groupOperations = bits(3, 6, 8)
const clusterOperations = bits(5, 7, 8, 9, 10, 11, 12)

function bits(...operations: number[]): number {
  return operations.reduce((all, operation) => all | (1 << operation), 0)
}

/** Before Castle has spoken a broker knows of itself alone. */
function livingBrokers({ metadata, config, address }: BrokerParts): Response['brokers'] {
  if (!metadata.cluster) return [{ nodeId: config.brokerId, ...address, rack: config.rack }]
  return metadata.cluster.brokers.map(nodeOf)
}

function nodeOf({ id, host, port, rack }: BrokerAddress): Response['brokers'][number] {
  return { nodeId: id, host, port, rack }
}

/** This broker, because the client reaches it; one that Castle counts as dead names a living one. */
function controllerOf({ config }: BrokerParts, brokers: Response['brokers']): number {
  if (brokers.some(({ nodeId }) => nodeId === config.brokerId)) return config.brokerId
  return brokers[0]?.nodeId ?? -1
}

function everyTopic({ metadata }: BrokerParts): TopicAnswer[] {
  const answers: TopicAnswer[] = []
  for (const topic of metadata.topics()) answers.push(describe(metadata, topic))
  return answers
}

type AskedFor = NonNullable<Request['topics']>[number]

function topicNamed(metadata: Metadata, { name, topicId }: AskedFor): TopicState | undefined {
  return name === null ? metadata.topicWithId(topicId) : metadata.topicNamed(name)
}

function topicAskedFor(broker: BrokerParts, asked: AskedFor): TopicAnswer {
  const { name, topicId } = asked
  const byId = name === null
  const topic = topicNamed(broker.metadata, asked)
  if (topic) return describe(broker.metadata, topic)
  const errorCode = byId ? unknownTopicError(broker, true) : unknownNameError(broker, name)
  broker.counters.error(api.key, errorCode)
  return { errorCode, name, topicId: byId ? topicId : zeroUuid, partitions: [] }
}

function describe(metadata: Metadata, { name, topicId, internal, partitions }: TopicState): TopicAnswer {
  return {
    errorCode: 0,
    name,
    topicId,
    isInternal: internal,
    partitions: partitions.map((state, index) => describePartition(metadata, state, index)),
  }
}

export function describePartition(
  metadata: Metadata,
  { leader, leaderEpoch, replicas, isr }: PartitionState,
  index: number,
): PartitionAnswer & { readonly offlineReplicas: readonly number[] } {
  const isLed = leader >= 0 && metadata.broker(leader) !== undefined
  return {
    errorCode: isLed ? 0 : errors.LEADER_NOT_AVAILABLE.code,
    partitionIndex: index,
    leaderId: isLed ? leader : -1,
    leaderEpoch,
    replicaNodes: replicas,
    isrNodes: isr,
    offlineReplicas: replicas.filter((id) => metadata.broker(id) === undefined),
  }
}

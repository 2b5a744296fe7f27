// CreateTopics (19), versions 2 to 7: passed on to Castle, who alone makes topics. Answered when Castle has it on disk
// (R11) and this broker holds it, so that the client can use it at once.
//
//   4 defaults for partitions and replicas (KIP-464)   5 flexible, the settings in the answer (KIP-525)   7 topic id
import {
  createTopics as api,
  errors,
  type CreateTopicsRequest as Request,
  type CreateTopicsResponseInput as Response,
} from '@castellan/protocol'
import { type CreateTopicArgs, checks } from '@castellan/protocol/heartbeat'
import { describeTopicConfigs } from './configs.ts'
import { type BrokerParts, handler } from './handler.ts'
import { byName } from './lookup.ts'

type Asked = Request['topics'][number]
type TopicAnswer = Response['topics'][number]

interface Refusal {
  readonly errorCode: number
  readonly errorMessage: string
}

/** A topic that Castle made reaches every broker by push; longer than this nobody is kept waiting for it. */
const settleMsMax = 5_000
const nameLengthMax = 249

export const createTopics = handler(api, async ({ topics, timeoutMs, validateOnly }, { broker }) => {
  const { clock } = broker.runtime
  const endMs = clock.nowMs() + timeoutMs
  const answers: TopicAnswer[] = []
  for (const { item, isRepeated } of byName(topics, ({ name }) => name)) {
    const args = isRepeated
      ? refuse('INVALID_REQUEST', 'the request names this topic twice')
      : argsOf(item, validateOnly)
    if ('errorCode' in args) answers.push(answerRefused(broker, item.name, args))
    else answers.push(await create(broker, args, endMs - clock.nowMs()))
  }
  return { topics: answers }
})

async function create(broker: BrokerParts, args: CreateTopicArgs, timeoutMs: number): Promise<TopicAnswer> {
  if (timeoutMs <= 0)
    return answerRefused(broker, args.name, refuse('REQUEST_TIMED_OUT', 'there was no time left for this topic'))
  const { errorCode, message, value } = await broker.castle.call('createTopic', args, timeoutMs)
  if (errorCode !== 0) return answerRefused(broker, args.name, { errorCode, errorMessage: message ?? '' })
  if (!checks.createdTopic.is(value)) {
    return answerRefused(
      broker,
      args.name,
      refuse('UNKNOWN_SERVER_ERROR', 'Castle made it, in words that this broker does not know'),
    )
  }
  const { topicId, partitions, replicationFactor, configs } = value
  if (!args.validateOnly) {
    await broker.metadata.when(() => isUsable(broker, topicId), Math.min(timeoutMs, settleMsMax))
  }
  return {
    name: args.name,
    topicId,
    errorCode: 0,
    errorMessage: null,
    numPartitions: partitions,
    replicationFactor,
    configs: describeTopicConfigs(configs, replicationFactor),
  }
}

/** Led everywhere, as far as this broker knows, and here in fact. */
function isUsable({ metadata, partitions, config }: BrokerParts, topicId: string): boolean {
  const topic = metadata.topicWithId(topicId)
  if (!topic) return false
  return topic.partitions.every(({ leader }, i) =>
    leader === config.brokerId ? partitions.get(topicId, i)?.isLeader : leader >= 0,
  )
}

/** What to ask Castle for, or what is wrong with the request. Castle checks names, placement and settings. */
function argsOf(asked: Asked, validateOnly: boolean): CreateTopicArgs | Refusal {
  const args = shapedArgs(asked, validateOnly)
  if ('errorCode' in args || checks.createTopicArgs.is(args)) return args
  if (asked.name.length < 1 || asked.name.length > nameLengthMax)
    return refuse('INVALID_TOPIC_EXCEPTION', 'a topic name has 1 to 249 characters')
  return refuse('INVALID_REQUEST', 'more partitions, replicas or settings than a topic may have')
}

function shapedArgs(asked: Asked, validateOnly: boolean): CreateTopicArgs | Refusal {
  const { name, numPartitions, replicationFactor, assignments } = asked
  const configs: Record<string, string> = {}
  for (const { name: setting, value } of asked.configs) {
    if (value === null) return refuse('INVALID_CONFIG', `${setting} has no value: leave it out for its default`)
    configs[setting] = value
  }
  const args = { name, configs, validateOnly }
  if (assignments.length > 0) {
    if (numPartitions !== -1 || replicationFactor !== -1) {
      return refuse('INVALID_REQUEST', 'give either assignments, or numbers of partitions and replicas')
    }
    const replicas = replicasByPartition(assignments)
    return replicas
      ? { ...args, assignments: replicas }
      : refuse('INVALID_REPLICA_ASSIGNMENT', 'partitions must be 0, 1, 2 and so on')
  }
  if (numPartitions !== -1 && numPartitions < 1)
    return refuse('INVALID_PARTITIONS', `${numPartitions} is no number of partitions`)
  if (replicationFactor !== -1 && replicationFactor < 1) {
    return refuse('INVALID_REPLICATION_FACTOR', `${replicationFactor} is no number of replicas`)
  }
  return {
    ...args,
    ...(numPartitions !== -1 && { partitions: numPartitions }),
    ...(replicationFactor !== -1 && { replicationFactor }),
  }
}

function replicasByPartition(assignments: Asked['assignments']): number[][] | undefined {
  const ordered = [...assignments].sort((a, b) => a.partitionIndex - b.partitionIndex)
  if (ordered.some(({ partitionIndex }, i) => partitionIndex !== i)) return undefined
  return ordered.map(({ brokerIds }) => brokerIds)
}

function refuse(code: keyof typeof errors, errorMessage: string): Refusal {
  return { errorCode: errors[code].code, errorMessage }
}

function answerRefused({ counters }: BrokerParts, name: string, refusal: Refusal): TopicAnswer {
  counters.error(api.key, refusal.errorCode)
  return { name, ...refusal, configs: [] }
}

// IncrementalAlterConfigs (44), versions 0 and 1: single settings of topics, passed on to Castle, who alone changes topics. Answered when
// Castle has it on disk (R11) and this broker has heard of it. Each resource has an outcome of its own.
//
// A broker is told its settings when it starts, so none can be altered while it runs. Taking back a throttle that is not there is right all the
// same: Kafka's tools do so at the end of each reassignment.
//
//   1 flexible
import {
  incrementalAlterConfigs as api,
  errorOf,
  errors,
  type IncrementalAlterConfigsRequest as Request,
  type IncrementalAlterConfigsResponseInput as Response,
} from '@castellan/protocol'
import { type AlterConfigsArgs, checks, incarnationConfig } from '@castellan/protocol/heartbeat'
import { brokerSettings } from '../config.ts'
import { otherBroker, type ResourceRefusal, resourceTypes, withoutSettings } from './configs.ts'
import { type BrokerParts, handler } from './handler.ts'
import { byName, unknownNameError } from './lookup.ts'

type Resource = Request['resources'][number]
type Result = Response['responses'][number]

const operations = ['set', 'delete', 'append', 'subtract'] as const
/** The request names no time. Kafka's clients wait 30 s for an answer, and shall have it before. */
const timeMs = 25_000
const settleMsMax = 5_000

export const incrementalAlterConfigs = handler(api, async ({ resources, validateOnly }, { broker }) => {
  const { clock } = broker.runtime
  const endMs = clock.nowMs() + timeMs
  const responses: Result[] = []
  for (const { item, isRepeated } of byName(resources, nameOf)) {
    const refusal = isRepeated
      ? refuse('INVALID_REQUEST', 'the request names this resource twice')
      : await alter(broker, item, validateOnly, endMs - clock.nowMs())
    if (refusal) broker.counters.error(api.key, refusal.errorCode)
    const { resourceType, resourceName } = item
    responses.push({ ...(refusal ?? { errorCode: 0, errorMessage: null }), resourceType, resourceName })
  }
  return { responses }
})

function nameOf({ resourceType, resourceName }: Resource): string {
  return `${resourceType}/${resourceName}`
}

/** Null: done. */
function alter(
  broker: BrokerParts,
  resource: Resource,
  validateOnly: boolean,
  timeoutMs: number,
): ResourceRefusal | null | Promise<ResourceRefusal | null> {
  const problem = shapeProblem(resource)
  if (problem !== undefined) return refuse('INVALID_REQUEST', problem)
  switch (resource.resourceType) {
    case resourceTypes.topic:
      return alterTopic(broker, resource, validateOnly, timeoutMs)
    case resourceTypes.broker:
      return alterBroker(broker, resource)
    default:
      return withoutSettings(resource.resourceType)
  }
}

function shapeProblem({ configs }: Resource): string | undefined {
  for (const { item, isRepeated } of byName(configs, ({ name }) => name)) {
    const { name, configOperation, value } = item
    const operation = operations[configOperation]
    if (isRepeated) return `${name} is named twice`
    if (operation === undefined) return `${name}: there is no operation ${configOperation}`
    if (value === null && operation !== 'delete') return `${name} has no value: delete it for its default`
  }
  return undefined
}

// ---------------------------------------------------------------- topics

async function alterTopic(
  broker: BrokerParts,
  { resourceName, configs }: Resource,
  validateOnly: boolean,
  timeoutMs: number,
): Promise<ResourceRefusal | null> {
  const { castle, metadata } = broker
  const topic = metadata.topicNamed(resourceName)
  if (!topic) {
    const errorCode = unknownNameError(broker, resourceName)
    return { errorCode, errorMessage: `there is no topic ${resourceName}` }
  }
  const args = { topic: resourceName, changes: configs.map(changeOf), validateOnly }
  if (!checks.alterConfigsArgs.is(args))
    return refuse('INVALID_REQUEST', 'more settings, or longer ones, than a topic may have')
  if (timeoutMs <= 0) return refuse('REQUEST_TIMED_OUT', 'there was no time left for this topic')
  const { errorCode, message, value } = await castle.call('alterConfigs', args, timeoutMs)
  if (errorCode !== 0) return { errorCode, errorMessage: message ?? errorOf(errorCode).message }
  if (!checks.alteredConfigs.is(value))
    return refuse('UNKNOWN_SERVER_ERROR', 'Castle did it, in words that this broker does not know')
  const { topicId, configs: after } = value
  const isHeard = () => {
    const heard = metadata.topicWithId(topicId)
    return heard === undefined || configs.every(({ name }) => heard.configs[name] === after[name])
  }
  await metadata.when(isHeard, Math.min(timeoutMs, settleMsMax))
  return null
}

/** Of a request that has the right shape. */
function changeOf({ name, configOperation, value }: Resource['configs'][number]): AlterConfigsArgs['changes'][number] {
  const operation = operations[configOperation]
  if (operation === undefined || operation === 'delete') return { name, operation: 'delete' }
  return { name, operation, value: value ?? '' }
}

// ---------------------------------------------------------------- brokers

/** Those of Kafka that its tools take back, whether they are set or not. */
const throttles: readonly string[] = [
  'leader.replication.throttled.rate',
  'follower.replication.throttled.rate',
  'replica.alter.log.dirs.io.max.bytes.per.second',
]
const readOnly = new Set([...Object.values(brokerSettings).map(({ name }) => name), incarnationConfig])

/** A name of '' means all brokers. Nothing is ever changed here, so that only what changes nothing is right. */
function alterBroker({ config }: BrokerParts, { resourceName, configs }: Resource): ResourceRefusal | null {
  if (resourceName !== '' && resourceName !== String(config.brokerId)) return otherBroker(config, resourceName)
  for (const { name, configOperation } of configs) {
    const isThrottle = throttles.includes(name)
    if (isThrottle && operations[configOperation] === 'delete') continue
    if (isThrottle) return refuse('INVALID_CONFIG', `${name} cannot be set: this version does not throttle replication`)
    // With Kafka's code for those that it cannot change either.
    if (readOnly.has(name)) {
      const next = 'give it by file, environment or flag, and start the broker again'
      return refuse('INVALID_REQUEST', `${name} cannot be altered while a broker runs: ${next}`)
    }
    const known = 'DescribeConfigs lists what it has; retention and the like are settings of topics'
    return refuse('INVALID_CONFIG', `${name} is no setting of a broker: ${known}`)
  }
  return null
}

function refuse(code: keyof typeof errors, errorMessage: string): ResourceRefusal {
  return { errorCode: errors[code].code, errorMessage }
}

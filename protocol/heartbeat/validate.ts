// Checks what comes off the wire against the schemas, each compiled once, when it is first used. Fields that a schema does
// not know are left alone and messages of an unknown type are skipped, so that old and new live together; anything
// else that does not fit is a HeartbeatMessageError, and whoever sent it loses its link.
import type { Static, TSchema } from 'typebox'
import { compileSchema } from '../json-schema/index.ts'
import {
  alterConfigsArgs,
  alteredConfigs,
  alteredIsr,
  alterIsrArgs,
  type Call,
  call,
  createdTopic,
  createPartitionsArgs,
  createTopicArgs,
  deleteTopicArgs,
  electLeadersArgs,
  handOverArgs,
  partitionOutcomes,
  type Result,
  reassignPartitionsArgs,
  result,
} from './call-messages.ts'
import { type Answer, answer, type Heartbeat, heartbeat, type Push, push } from './messages.ts'
import { brokerReport, clientReport } from './reports.ts'
import {
  type ClusterState,
  type CoordinatorState,
  clusterState,
  coordinatorState,
  type ProducerIdBlock,
  producerIdBlock,
  type Subject,
  type TargetState,
  type TopicState,
  targetState,
  topicState,
} from './subjects.ts'
import { type BrokerVitals, brokerVitals } from './vitals.ts'

/** The longest text that either side accepts as one message. */
export const messageBytesMax = 16 * 1024 * 1024

export type HeartbeatMessageErrorCode = 'NOT_JSON' | 'INVALID_MESSAGE'

/** A message that is not what its schema says. `path` names the first field that is wrong, as a JSON pointer. */
export class HeartbeatMessageError extends Error {
  readonly code: HeartbeatMessageErrorCode
  readonly path: string
  constructor(code: HeartbeatMessageErrorCode, path: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'HeartbeatMessageError'
    this.code = code
    this.path = path
  }
}

/** A compiled schema: `is` answers, `parse` returns the value typed or throws a HeartbeatMessageError. */
export interface Check<T> {
  is(value: unknown): value is T
  parse(value: unknown): T
}

function checkOf<Schema extends TSchema>(what: string, schema: Schema): Check<Static<Schema>> {
  const problemIn = compileSchema(schema)
  return {
    is: (value): value is Static<Schema> => problemIn(value) === undefined,
    parse(value) {
      const problem = problemIn(value)
      if (problem === undefined) return value as Static<Schema>
      const { path, message } = problem
      const at = path === '' ? '' : ` at ${path}`
      throw new HeartbeatMessageError('INVALID_MESSAGE', path, `${what}${at}: ${message}`)
    },
  }
}

export const checks = {
  heartbeat: checkOf('heartbeat', heartbeat),
  answer: checkOf('answer', answer),
  push: checkOf('push', push),
  call: checkOf('call', call),
  result: checkOf('result', result),
  vitals: checkOf('vitals', brokerVitals),
  brokerReport: checkOf('broker report', brokerReport),
  clientReport: checkOf('client report', clientReport),
  createTopicArgs: checkOf('createTopic', createTopicArgs),
  createPartitionsArgs: checkOf('createPartitions', createPartitionsArgs),
  alterConfigsArgs: checkOf('alterConfigs', alterConfigsArgs),
  alteredConfigs: checkOf('altered configs', alteredConfigs),
  deleteTopicArgs: checkOf('deleteTopic', deleteTopicArgs),
  alterIsrArgs: checkOf('alterIsr', alterIsrArgs),
  handOverArgs: checkOf('handOver', handOverArgs),
  alteredIsr: checkOf('altered ISR', alteredIsr),
  electLeadersArgs: checkOf('electLeaders', electLeadersArgs),
  reassignPartitionsArgs: checkOf('reassignPartitions', reassignPartitionsArgs),
  partitionOutcomes: checkOf('partition outcomes', partitionOutcomes),
  createdTopic: checkOf('created topic', createdTopic),
  clusterState: checkOf('cluster state', clusterState),
  topicState: checkOf('topic state', topicState),
  targetState: checkOf('target state', targetState),
  coordinatorState: checkOf('coordinator state', coordinatorState),
  producerIdBlock: checkOf('producer id block', producerIdBlock),
} as const

/** What a sender says to Castle. Undefined: a type of message that this version does not know, to be skipped. */
export function parseFromSender(text: string): Heartbeat | Call | BrokerVitals | undefined {
  const message = parseJson(text)
  switch (typeOf(message)) {
    case 'heartbeat':
      return checks.heartbeat.parse(message)
    case 'call':
      return checks.call.parse(message)
    case 'vitals':
      return checks.vitals.parse(message)
    default:
      return undefined
  }
}

/** What Castle says to a sender. Undefined: a type of message that this version does not know, to be skipped. */
export function parseFromCastle(text: string): Answer | Push | Result | undefined {
  const message = parseJson(text)
  switch (typeOf(message)) {
    case 'answer':
      return checks.answer.parse(message)
    case 'push':
      return checks.push.parse(message)
    case 'result':
      return checks.result.parse(message)
    default:
      return undefined
  }
}

export type TypedSubject =
  | { kind: 'cluster'; state: ClusterState }
  | { kind: 'topic'; state: TopicState }
  | { kind: 'target'; state: TargetState }
  | { kind: 'coordinator'; state: CoordinatorState }
  | { kind: 'producer-ids'; state: ProducerIdBlock }

/** The state of a subject, checked and typed by the kind in its key. Undefined: a kind that this version does not know. */
export function readSubject(subject: Subject): TypedSubject | undefined {
  switch (subject.key.slice(0, Math.max(0, subject.key.indexOf('/')))) {
    case 'cluster':
      return { kind: 'cluster', state: checks.clusterState.parse(subject.state) }
    case 'topic':
      return { kind: 'topic', state: checks.topicState.parse(subject.state) }
    case 'target':
      return { kind: 'target', state: checks.targetState.parse(subject.state) }
    case 'coordinator':
      return { kind: 'coordinator', state: checks.coordinatorState.parse(subject.state) }
    case 'producer-ids':
      return { kind: 'producer-ids', state: checks.producerIdBlock.parse(subject.state) }
    default:
      return undefined
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new HeartbeatMessageError('NOT_JSON', '', 'the message is not JSON', { cause })
  }
}

function typeOf(message: unknown): unknown {
  if (typeof message !== 'object' || message === null) {
    throw new HeartbeatMessageError('INVALID_MESSAGE', '', 'the message is not an object')
  }
  return (message as { type?: unknown }).type
}

// A topic is made: checked, placed, its leaders chosen; one decision on a draft. The same name again is another topic: all
// else knows topics by id, never by name (R13).
import { checkTopicConfigs } from '@castellan/protocol'
import type { CreatedTopic, CreateTopicArgs, PartitionState } from '@castellan/protocol/heartbeat'
import { CastleError, type CastleErrorCode } from '../errors.ts'
import { place, type Room } from '../placement/placement.ts'
import type { Draft } from '../state/draft.ts'
import type { Topic } from '../state/entities.ts'
import { brokersOf, topicsOf, type View } from '../state/state.ts'
import { checkLabels } from './labels.ts'

/** What a person may add to what Kafka's clients say. */
export interface NewTopic extends CreateTopicArgs {
  readonly cluster: string
  readonly internal?: boolean
  readonly description?: string
  readonly owner?: string
  readonly labels?: Readonly<Record<string, string>>
}

export interface Defaults {
  readonly partitions: number
}

/** A broker reports at most 20,000 logs; those of deleted topics count until they are gone. */
const partitionsPerBrokerMax = 10_000
const partitionsMax = 10_000
/** Kafka's name for the log of groups; made by Castle alone. */
export const offsetsTopic = '__consumer_offsets'

/** Who asked, and what they said of it: for the record. */
export interface Asked {
  readonly reason?: string
}

/** What is wrong with one field of what was asked. */
export interface FieldProblem {
  readonly field: string
  readonly error: CastleError
}

/** Throws a CastleError when something is wrong with it. With `validateOnly` nothing is put. */
export function createTopic(
  draft: Draft,
  topicId: string,
  args: NewTopic,
  defaults: Defaults,
  asked: Asked = {},
): CreatedTopic {
  const { brokers, problems } = drawTopic(draft, args, defaults)
  refuse(problems)
  const configs = { ...args.configs }
  if (args.validateOnly !== true) {
    putTopic(draft, topicId, { ...args, configs }, brokers)
    draft.decide({
      kind: 'topic-created',
      what: `created topic ${args.name} with ${brokers.length} partitions in cluster ${args.cluster}`,
      why: args.internal === true ? 'the cluster needs it' : whyOf(asked),
      about: [`topic/${topicId}`, `cluster/${args.cluster}`],
    })
  }
  return { topicId, partitions: brokers.length, replicationFactor: 1, configs }
}

/** The broker of each partition, and everything that is wrong; where something is, `brokers` may be empty. */
export function drawTopic(
  view: View,
  args: NewTopic,
  defaults: Defaults,
): { brokers: number[]; problems: FieldProblem[] } {
  const problems: FieldProblem[] = []
  const attempt = <T>(field: string, make: () => T): T | undefined => {
    try {
      return make()
    } catch (error) {
      if (!(error instanceof CastleError)) throw error
      problems.push({ field: fieldsOfCodes[error.code] ?? field, error })
      return undefined
    }
  }
  attempt('name', () => checkName(view, args))
  const brokers = attempt('partitions', () => assignedBrokers(view, args, defaults)) ?? []
  problems.push(...configProblems({ ...args.configs }))
  attempt('labels', () => checkLabels(args.name, args.labels ?? {}))
  return { brokers, problems }
}

/** Where placing a topic finds another field at fault than the number of partitions. */
const fieldsOfCodes: Partial<Record<CastleErrorCode, string>> = {
  REPLICATION_FACTOR_WRONG: 'replicationFactor',
  REPLICAS_WRONG: 'assignments',
  NO_BROKER: 'cluster',
}

/** Throws what is wrong, all of it in one error of the first one's code. */
export function refuse(problems: readonly FieldProblem[]): void {
  const [first] = problems
  if (first === undefined) return
  const { code, next, params } = first.error
  throw new CastleError(code, problems.map(({ error }) => error.message).join('; '), { next, params })
}

export function whyOf({ reason }: Asked): string {
  return reason === undefined ? 'asked for' : `asked for: ${reason}`
}

function putTopic(draft: Draft, topicId: string, args: NewTopic, brokers: readonly number[]): void {
  const partitions = brokers.map((brokerId): PartitionState => {
    return { leader: brokerId, leaderEpoch: 0, partitionEpoch: 0, replicas: [brokerId], isr: [brokerId] }
  })
  const topic: Topic = {
    topicId,
    name: args.name,
    cluster: args.cluster,
    internal: args.internal ?? false,
    ackLevel: args.ackLevel ?? -1,
    configs: { ...args.configs },
    description: args.description ?? '',
    owner: args.owner ?? '',
    labels: { ...args.labels },
    partitions,
    deleted: false,
    holders: [],
    createdMs: draft.wallMs,
    version: draft.nextVersion(),
  }
  draft.put('topic', topic)
}

function checkName(view: View, { name, cluster, internal }: NewTopic): void {
  const params = { name: name.slice(0, 300) }
  if (!/^[a-zA-Z0-9._-]{1,249}$/.test(name) || name === '.' || name === '..') {
    throw new CastleError('TOPIC_NAME_WRONG', `'${params.name}' cannot be the name of a topic`, { params })
  }
  if (name === offsetsTopic && internal !== true) {
    const message = `${name} is the platform's own: Castle makes it when the first broker is there`
    throw new CastleError('TOPIC_INTERNAL', message, { params })
  }
  if (view.topicNamed(cluster, name) !== undefined) {
    const message = `topic '${name}' exists already in cluster '${cluster}'`
    throw new CastleError('TOPIC_EXISTS', message, { params: { name, cluster } })
  }
}

export function configProblems(configs: Readonly<Record<string, string>>): FieldProblem[] {
  return checkTopicConfigs(configs, { replicationFactor: 1 }).map(({ name, value, problem }) => {
    const params = { name: name.slice(0, 300), value: value.slice(0, 300), problem: problem.slice(0, 1_000) }
    return { field: `configs.${name}`, error: new CastleError('TOPIC_SETTING_WRONG', problem, { params }) }
  })
}

/** The broker of each partition: as asked, or placed. */
function assignedBrokers(view: View, args: NewTopic, defaults: Defaults): number[] {
  if (args.assignments !== undefined) return checkAssignments(view, args, args.assignments)
  const { replicationFactor = 1, partitions = defaults.partitions } = args
  if (replicationFactor !== 1) {
    const message = `replicationFactor is ${replicationFactor}, but this version keeps one replica of each partition (limit: 1)`
    throw new CastleError('REPLICATION_FACTOR_WRONG', message, { params: { replicationFactor, limit: 1 } })
  }
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > partitionsMax) {
    throw partitionsWrong(partitions)
  }
  const rooms = roomsOf(view, args.cluster)
  if (rooms.length === 0) {
    const { cluster } = args
    throw new CastleError('NO_BROKER', `cluster '${cluster}' has no living broker`, { params: { cluster } })
  }
  return checkRoom(rooms, place(rooms, partitions))
}

function partitionsWrong(partitions: number): CastleError {
  const message = `a topic has 1 to ${partitionsMax} partitions, not ${partitions}`
  return new CastleError('PARTITIONS_WRONG', message, { params: { partitions, limit: partitionsMax } })
}

function checkAssignments(view: View, args: NewTopic, assignments: readonly (readonly number[])[]): number[] {
  if (assignments.length < 1 || assignments.length > partitionsMax) {
    throw partitionsWrong(assignments.length)
  }
  const rooms = roomsOf(view, args.cluster)
  const brokers = assignments.map((replicas, partition) => {
    const [brokerId, ...more] = replicas
    if (brokerId === undefined || more.length > 0) {
      const message = `partition ${partition} is to have ${replicas.length} replicas, but this version keeps one of each (limit: 1)`
      const params = { partition, replicationFactor: replicas.length, limit: 1 }
      throw new CastleError(more.length > 0 ? 'REPLICATION_FACTOR_WRONG' : 'REPLICAS_WRONG', message, { params })
    }
    if (!rooms.some((room) => room.brokerId === brokerId)) {
      throw new CastleError(
        'REPLICAS_WRONG',
        `partition ${partition} is to be on broker ${brokerId}, which is not alive in '${args.cluster}'`,
        { params: { partition, broker: brokerId, cluster: args.cluster } },
      )
    }
    return brokerId
  })
  return checkRoom(rooms, brokers)
}

function checkRoom(rooms: readonly Room[], placed: readonly number[]): number[] {
  for (const { brokerId, partitions } of rooms) {
    const all = partitions + placed.filter((id) => id === brokerId).length
    if (all > partitionsPerBrokerMax) {
      throw new CastleError(
        'PARTITIONS_WRONG',
        `broker ${brokerId} would have ${all} partitions (limit: ${partitionsPerBrokerMax})`,
        { params: { broker: brokerId, partitions: all, limit: partitionsPerBrokerMax } },
      )
    }
  }
  return [...placed]
}

/** The living brokers of a cluster, and how full they are. */
export function roomsOf(view: View, cluster: string): Room[] {
  const counts = new Map<number, number>()
  for (const broker of brokersOf(view, cluster)) if (broker.up) counts.set(broker.id, 0)
  for (const topic of topicsOf(view, cluster)) {
    for (const { replicas } of topic.partitions) {
      for (const id of replicas) if (counts.has(id)) counts.set(id, (counts.get(id) ?? 0) + 1)
    }
  }
  return [...counts].map(([brokerId, partitions]) => ({ brokerId, partitions }))
}

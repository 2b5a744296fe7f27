// A topic is made: checked, placed, its leaders chosen; one decision on a draft. The same name again is another topic: all
// else knows topics by id, never by name (R13).
import { checkTopicConfigs } from '@castellan/protocol'
import type { CreatedTopic, CreateTopicArgs, PartitionState } from '@castellan/protocol/heartbeat'
import { CastleError, type CastleErrorCode } from '../errors.ts'
import { placeNew } from '../placement/placement.ts'
import { type BrokerRoom, checkReplicas, roomsFor, roomsOf } from '../placement/rooms.ts'
import type { Draft } from '../state/draft.ts'
import type { Topic } from '../state/entities.ts'
import type { View } from '../state/state.ts'
import { checkLabels } from './labels.ts'
import { type FieldProblem, Problems, refuse } from './problems.ts'

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
  /** As many of them as there are brokers to hold them. */
  readonly replicationFactor: number
}

export const partitionsMax = 10_000
/** Kafka's name for the log of groups; made by Castle alone. */
export const offsetsTopic = '__consumer_offsets'

/** Who asked, and what they said of it: for the record. */
export interface Asked {
  readonly reason?: string
}

/** Throws a CastleError when something is wrong with it. With `validateOnly` nothing is put. */
export function createTopic(
  draft: Draft,
  topicId: string,
  args: NewTopic,
  defaults: Defaults,
  asked: Asked = {},
): CreatedTopic {
  const { placement, problems } = drawTopic(draft, args, defaults)
  refuse(problems)
  const configs = { ...args.configs }
  const replicationFactor = placement[0]?.length ?? 0
  if (args.validateOnly !== true) {
    putTopic(draft, topicId, { ...args, configs }, placement)
    const replicas = replicationFactor === 1 ? 'one replica' : `${replicationFactor} replicas`
    draft.decide({
      kind: 'topic-created',
      what: `created topic ${args.name} with ${placement.length} partitions of ${replicas} in cluster ${args.cluster}`,
      why: args.internal === true ? 'the cluster needs it' : whyOf(asked),
      about: [`topic/${topicId}`, `cluster/${args.cluster}`],
    })
  }
  return { topicId, partitions: placement.length, replicationFactor, configs }
}

/** The replicas of each partition, leader first, and everything that is wrong; where something is, `placement` may be empty. */
export function drawTopic(
  view: View,
  args: NewTopic,
  defaults: Defaults,
): { placement: number[][]; problems: FieldProblem[] } {
  const problems = new Problems(fieldsOfCodes)
  problems.attempt('name', () => checkName(view, args))
  const placement = problems.attempt('partitions', () => placementOf(view, args, defaults)) ?? []
  problems.found.push(...configProblems({ ...args.configs }, placement[0]?.length))
  problems.attempt('labels', () => checkLabels(args.name, args.labels ?? {}))
  return { placement, problems: problems.found }
}

/** Where placing a topic finds another field at fault than the number of partitions. */
const fieldsOfCodes: Partial<Record<CastleErrorCode, string>> = {
  REPLICATION_FACTOR_WRONG: 'replicationFactor',
  REPLICAS_WRONG: 'assignments',
  NO_BROKER: 'cluster',
}

export function whyOf({ reason }: Asked): string {
  return reason === undefined ? 'asked for' : `asked for: ${reason}`
}

/** A partition that is new: all of its replicas are empty, and so in sync. */
export function newPartition(replicas: readonly number[]): PartitionState {
  const [leader = -1] = replicas
  return { leader, leaderEpoch: 0, partitionEpoch: 0, replicas: [...replicas], isr: [...replicas] }
}

function putTopic(draft: Draft, topicId: string, args: NewTopic, placement: readonly number[][]): void {
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
    partitions: placement.map(newPartition),
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

/** Without a replication factor, what depends on it is not looked at. */
export function configProblems(
  configs: Readonly<Record<string, string>>,
  replicationFactor: number | undefined,
): FieldProblem[] {
  const options = replicationFactor === undefined ? {} : { replicationFactor }
  return checkTopicConfigs(configs, options).map(({ name, value, problem }) => {
    const params = { name: name.slice(0, 300), value: value.slice(0, 300), problem: problem.slice(0, 1_000) }
    return { field: `configs.${name}`, error: new CastleError('TOPIC_SETTING_WRONG', problem, { params }) }
  })
}

/** The replicas of each partition: as asked, or placed. */
function placementOf(view: View, args: NewTopic, defaults: Defaults): number[][] {
  const rooms = roomsOf(view, args.cluster)
  if (args.assignments !== undefined) return checkAssignments(args, rooms, args.assignments)
  const { partitions = defaults.partitions } = args
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > partitionsMax) throw partitionsWrong(partitions)
  const able = rooms.filter(({ replicates }) => replicates).length
  const replicationFactor = args.replicationFactor ?? Math.max(1, Math.min(defaults.replicationFactor, able))
  return roomsFor(rooms, args.cluster, replicationFactor, (usable) => placeNew(usable, partitions, replicationFactor))
}

export function partitionsWrong(partitions: number): CastleError {
  const message = `a topic has 1 to ${partitionsMax} partitions, not ${partitions}`
  return new CastleError('PARTITIONS_WRONG', message, { params: { partitions, limit: partitionsMax } })
}

function checkAssignments(
  { cluster }: NewTopic,
  rooms: readonly BrokerRoom[],
  assignments: readonly (readonly number[])[],
): number[][] {
  if (assignments.length < 1 || assignments.length > partitionsMax) throw partitionsWrong(assignments.length)
  const replicationFactor = assignments[0]?.length ?? 0
  for (const [partition, replicas] of assignments.entries()) {
    checkReplicas(rooms, cluster, partition, replicas)
    if (replicas.length === replicationFactor) continue
    const message = `partition ${partition} is to have ${replicas.length} replicas, and partition 0 ${replicationFactor}`
    const params = { partition, replicationFactor: replicas.length, expected: replicationFactor }
    throw new CastleError('REPLICAS_WRONG', message, { params, next: 'Give each partition equally many replicas.' })
  }
  return roomsFor(rooms, cluster, replicationFactor, () => assignments.map((replicas) => [...replicas]))
}

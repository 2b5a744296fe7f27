// A topic is made: checked, placed, its leaders chosen; one decision on a draft. The same name again is another topic: all
// else knows topics by id, never by name (R13).
import { checkTopicConfigs } from '@castellan/protocol'
import type { CreatedTopic, CreateTopicArgs, PartitionState } from '@castellan/protocol/heartbeat'
import { CastleError } from '../errors.ts'
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

/** Throws a CastleError when something is wrong with it. With `validateOnly` nothing is put. */
export function createTopic(draft: Draft, topicId: string, args: NewTopic, defaults: Defaults): CreatedTopic {
  checkName(draft, args)
  const brokers = assignedBrokers(draft, args, defaults)
  const configs = { ...args.configs }
  checkConfigs(configs)
  checkLabels(args.name, args.labels ?? {})
  if (args.validateOnly !== true) {
    putTopic(draft, topicId, { ...args, configs }, brokers)
    draft.decide({
      kind: 'topic-created',
      what: `created topic ${args.name} with ${brokers.length} partitions in cluster ${args.cluster}`,
      why: args.internal === true ? 'the cluster needs it' : 'asked for',
      about: [`topic/${topicId}`, `cluster/${args.cluster}`],
    })
  }
  return { topicId, partitions: brokers.length, replicationFactor: 1, configs }
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

function checkName(draft: Draft, { name, cluster, internal }: NewTopic): void {
  if (!/^[a-zA-Z0-9._-]{1,249}$/.test(name) || name === '.' || name === '..') {
    throw new CastleError('TOPIC_NAME_WRONG', `'${name.slice(0, 300)}' cannot be the name of a topic`)
  }
  if (name === offsetsTopic && internal !== true) {
    throw new CastleError(
      'TOPIC_INTERNAL',
      `${name} is the platform's own: Castle makes it when the first broker is there`,
    )
  }
  if (draft.topicNamed(cluster, name) !== undefined) {
    throw new CastleError('TOPIC_EXISTS', `topic '${name}' exists already in cluster '${cluster}'`)
  }
}

export function checkConfigs(configs: Readonly<Record<string, string>>): void {
  const problems = checkTopicConfigs(configs, { replicationFactor: 1 })
  if (problems.length > 0)
    throw new CastleError('TOPIC_SETTING_WRONG', problems.map(({ problem }) => problem).join('; '))
}

/** The broker of each partition: as asked, or placed. */
function assignedBrokers(draft: Draft, args: NewTopic, defaults: Defaults): number[] {
  if (args.assignments !== undefined) return checkAssignments(draft, args, args.assignments)
  const { replicationFactor = 1, partitions = defaults.partitions } = args
  if (replicationFactor !== 1) {
    const message = `replicationFactor is ${replicationFactor}, but this version keeps one replica of each partition (limit: 1)`
    throw new CastleError('REPLICATION_FACTOR_WRONG', message)
  }
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > partitionsMax) {
    throw new CastleError('PARTITIONS_WRONG', `a topic has 1 to ${partitionsMax} partitions, not ${partitions}`)
  }
  const rooms = roomsOf(draft, args.cluster)
  if (rooms.length === 0) throw new CastleError('NO_BROKER', `cluster '${args.cluster}' has no living broker`)
  return checkRoom(rooms, place(rooms, partitions))
}

function checkAssignments(draft: Draft, args: NewTopic, assignments: readonly (readonly number[])[]): number[] {
  if (assignments.length < 1 || assignments.length > partitionsMax) {
    throw new CastleError('PARTITIONS_WRONG', `a topic has 1 to ${partitionsMax} partitions, not ${assignments.length}`)
  }
  const rooms = roomsOf(draft, args.cluster)
  const brokers = assignments.map((replicas, partition) => {
    const [brokerId, ...more] = replicas
    if (brokerId === undefined || more.length > 0) {
      const message = `partition ${partition} is to have ${replicas.length} replicas, but this version keeps one of each (limit: 1)`
      throw new CastleError(more.length > 0 ? 'REPLICATION_FACTOR_WRONG' : 'REPLICAS_WRONG', message)
    }
    if (!rooms.some((room) => room.brokerId === brokerId)) {
      throw new CastleError(
        'REPLICAS_WRONG',
        `partition ${partition} is to be on broker ${brokerId}, which is not alive in '${args.cluster}'`,
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

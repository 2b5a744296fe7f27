// What Castle knows and keeps: one kind of entity per row here, each stored as JSON under its key. Entities are never
// changed in place: a change puts a new one, so that what was made from the old (texts, indexes) can tell by identity.
//
// `version` is that of the subject made from the entity (subjects.ts). Wall-clock times are for people only.
import type { PartitionState, PartitionsByTopic } from '@castellan/protocol/heartbeat'

export interface Cluster {
  readonly id: string
  readonly kind: 'castellan' | 'kafka'
  /** Such as production. */
  readonly environment: string
  readonly flags: Readonly<Record<string, boolean>>
  /** Rises when its brokers change, too. */
  readonly version: number
}

export interface Broker {
  /** Unique in the whole Castle, not only in its cluster. */
  readonly id: number
  readonly cluster: string
  readonly host: string
  readonly port: number
  readonly metricsPort: number
  readonly rack: string | null
  readonly pid: number
  readonly release: string
  readonly incarnation: string
  /** Earlier incarnations, newest first, bounded: whoever still speaks as one of them is told to stop. */
  readonly retired: readonly string[]
  /** Fences this incarnation's earlier registrations, and earlier incarnations. */
  readonly brokerEpoch: number
  readonly up: boolean
  readonly sinceMs: number
  /** Why it is up or down. */
  readonly why: string
}

export interface Topic {
  readonly topicId: string
  readonly name: string
  readonly cluster: string
  readonly internal: boolean
  readonly ackLevel: -1 | 1 | 0
  readonly configs: Readonly<Record<string, string>>
  readonly description: string
  readonly owner: string
  readonly labels: Readonly<Record<string, string>>
  readonly partitions: readonly PartitionState[]
  /** The recorded deletion (R13): kept until `holders` is empty. */
  readonly deleted: boolean
  /** Of a deleted topic: brokers that may still have logs of it. */
  readonly holders: readonly number[]
  readonly createdMs: number
  readonly version: number
}

/** What a member of a group wants, as its coordinator told. */
export interface Member {
  readonly memberId: string
  readonly rack: string | null
  /** Subscribed topic names. */
  readonly topics: readonly string[]
}

export interface Group {
  readonly name: string
  readonly cluster: string
  /** The coordinator's membership number that the target was decided for. */
  readonly membership: number
  readonly members: readonly Member[]
  /** Topic id -> partition count, of the subscribed topics when it was decided. */
  readonly counts: Readonly<Record<string, number>>
  readonly target: Readonly<Record<string, PartitionsByTopic>>
  readonly version: number
}

/** The newest block of producer ids of a broker: [start, start + length). */
export interface ProducerIds {
  readonly brokerId: number
  readonly start: number
  readonly length: number
  readonly version: number
}

export interface Decision {
  readonly number: number
  readonly atMs: number
  readonly kind: string
  /** What was done, in words. */
  readonly what: string
  /** What made Castle do it. */
  readonly why: string
  /** Keys of what it concerns, such as `broker/2`, `topic/<id>`. */
  readonly about: readonly string[]
}

export interface Entities {
  readonly cluster: Cluster
  readonly broker: Broker
  readonly topic: Topic
  readonly group: Group
  readonly 'producer-ids': ProducerIds
  readonly decision: Decision
}

export type Kind = keyof Entities

export const kinds: readonly Kind[] = ['cluster', 'broker', 'topic', 'group', 'producer-ids', 'decision']

/** Puts an entity, or removes it with null. */
export type EntityChange<K extends Kind = Kind> = {
  [Each in K]: { readonly kind: Each; readonly key: string; readonly entity: Entities[Each] | null }
}[K]

export function groupKey(cluster: string, group: string): string {
  return `${cluster}/${group}`
}

/** An entity's key within its kind. Decisions sort by their number as text. */
export const keyOf: { readonly [K in Kind]: (entity: Entities[K]) => string } = {
  cluster: (cluster) => cluster.id,
  broker: (broker) => String(broker.id),
  topic: (topic) => topic.topicId,
  group: (group) => groupKey(group.cluster, group.name),
  'producer-ids': (block) => String(block.brokerId),
  decision: (decision) => String(decision.number).padStart(12, '0'),
}

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
  /** The highest version of a topic's deletion of which no record is left; absent: all are kept. Brokers may still know such a topic. */
  readonly forgotten?: number
  /** Topics that brokers know and that were not taken over, by topic id: up to these versions they are no news (R14). The newest ones. */
  readonly refused?: Readonly<Record<string, RefusedTopic>>
}

export interface RefusedTopic {
  readonly name: string
  readonly version: number
  /** Another topic has its name, or what was said of it cannot be. */
  readonly why: 'name-taken' | 'not-believed'
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
  /** Of what a store of the first release holds, these are absent. Follows leaders, and proposes ISR changes. */
  readonly replicates?: boolean
  /** On its way down in good order: it leads nothing that another can lead, and is taken into no ISR. */
  readonly stopping?: boolean
  /** Its disk has no room: until it has, the same. */
  readonly full?: boolean
  /** Names its logs as they are: under another name its replicas count for nothing until they are in sync again (R8). */
  readonly logsId?: string
  /** The broker epoch with which its logs were first registered by their name: what was decided before that does not hold for them. Absent: unknown. */
  readonly uncleanEpoch?: number
}

/** Where a leader was elected that may lack what was acknowledged (R7, R8). */
export interface Loss {
  /** Counts the topic's losses, from 1. */
  readonly number: number
  readonly partition: number
  readonly atMs: number
  /** Who could have led without a loss, had they been there; none: all of them had stopped uncleanly. */
  readonly from: readonly number[]
  readonly to: number
  readonly leaderEpoch: number
  /** Messages lost at most, where those passed over said where their logs end; null: nobody knows. */
  readonly messagesMax: number | null
}

/**
 * A higher Castle epoch raised the topic's version without anything new in it (R14): at that `version`, it is known as of `asOf`, and a
 * broker that knows one in between knows better.
 */
export interface Raised {
  readonly version: number
  readonly asOf: number
}

/** After the store went back in time (R14, restore/): nothing is decided for the topic until its brokers have said what they know. */
export interface Doubt {
  readonly sinceMs: number
  /** What showed that the store went back. */
  readonly why: string
  /** Brokers that a person gave up: they are not waited for. Absent: none. */
  readonly givenUp?: readonly number[]
  /** The version that a broker knew and that took the place of the store's. Absent: none did. */
  readonly asOf?: number
  /** Brokers that came back meanwhile with logs that may lack what they had (R8). Absent: none. */
  readonly unclean?: readonly number[]
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
  /** The recorded deletion (R13): kept for longer than `holders` has any, so that nobody brings the topic back (R14). */
  readonly deleted: boolean
  /** Of a deleted topic: brokers that may still have logs of it. */
  readonly holders: readonly number[]
  readonly createdMs: number
  /** The newest ones, oldest first; absent: none ever. */
  readonly losses?: readonly Loss[]
  /** Absent: there is none. */
  readonly doubt?: Doubt
  readonly raised?: Raised
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

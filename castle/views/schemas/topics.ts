// Topics, their partitions, and who uses them, as the API answers them: the types of the views, and OpenAPI, come from these.
import { Type } from '@castellan/protocol/json-schema'
import type { Static } from 'typebox'
import { ackLevel, count, nullable, text, texts, time } from './fields.ts'

/** How many senders that use a thing hold its newest version. */
const applied = Type.Object({ current: count, senders: count })

export const topicSummary = Type.Object({
  name: text,
  topicId: text,
  cluster: text,
  internal: Type.Boolean(),
  partitions: count,
  replicationFactor: count,
  ackLevel,
  owner: text,
  labels: texts,
  /** Partitions without a leader; with fewer in sync than min.insync.replicas; with enough, but not all: each is in one of them. */
  leaderless: count,
  belowMinIsr: count,
  underReplicated: count,
  /** Elections in which messages may have been lost (R7, R8). */
  losses: count,
  createdAt: time,
})
export type TopicSummary = Static<typeof topicSummary>

export const partitionView = Type.Object({
  partition: count,
  /** -1: none. */
  leader: Type.Integer({ minimum: -1 }),
  leaderEpoch: count,
  /** The preferred leader first; while replicas change, those that come and those that go too. */
  replicas: Type.Array(count),
  isr: Type.Array(count),
  /** Out of the ISR, and still holding all that consumers may see (KIP-966). */
  elr: Type.Array(count),
  adding: Type.Array(count),
  removing: Type.Array(count),
  /** The worst that is true of it. `below-min-isr`: nothing is taken at Ack -1. `moving`: its replicas are being changed. */
  state: Type.Enum(['ok', 'moving', 'under-replicated', 'below-min-isr', 'offline']),
  /** The replicas that are not in sync, and why: `behind` ones are alive and catching up. */
  missing: Type.Array(
    Type.Object({
      broker: count,
      why: Type.Enum(['down', 'full', 'stopping', 'faulty', 'behind', 'joining']),
    }),
  ),
})
export type PartitionView = Static<typeof partitionView>

export const lossView = Type.Object({
  /** Counts the topic's losses, from 1. */
  number: count,
  partition: count,
  at: time,
  /** Who could have led without a loss. */
  from: Type.Array(count),
  to: count,
  leaderEpoch: count,
  /** At most; null: nobody knows. */
  messagesMax: nullable(count),
})

export const topicView = Type.Object({
  name: text,
  topicId: text,
  cluster: text,
  internal: Type.Boolean(),
  partitions: Type.Array(partitionView),
  replicationFactor: count,
  /** As it works: the default, too. */
  minInsyncReplicas: count,
  ackLevel,
  /** Only what differs from the defaults. */
  configs: texts,
  description: text,
  owner: text,
  labels: texts,
  createdAt: time,
  /** Rises with each change that brokers and clients must hear of. */
  version: count,
  applied: Type.Object({ brokers: applied, clients: applied }),
  /** Where messages may have been lost, oldest first. */
  losses: Type.Array(lossView),
  /** The store went back in time (R14): nothing is decided for the topic until all its brokers have said what they know. */
  doubt: nullable(Type.Object({ since: time, why: text })),
})
export type TopicView = Static<typeof topicView>

export const topicClientView = Type.Object({
  id: text,
  service: text,
  host: text,
  linked: Type.Boolean(),
  /** offline: it has no link, and holds an older version; it hears of the newest at its next heartbeat. */
  state: Type.Enum(['applied', 'pending', 'offline']),
  /** That it holds; null: none yet. */
  version: nullable(count),
  desired: count,
  /** From the commit of the desired version to the heartbeat that confirmed it; null: not confirmed, or not waited for. */
  appliedMs: nullable(Type.Number({ minimum: 0 })),
})
export type TopicClientView = Static<typeof topicClientView>

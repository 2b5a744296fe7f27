// Calls on a link, and their results: writes that only Castle may make, asked by brokers for their clients or for themselves.
import type { Static } from 'typebox'
import { Type, taggedUnion } from '../json-schema/index.ts'
import { brokerId, count, leaderEpoch, limit, name, partitionIndex, replicas, text, topicId } from './fields.ts'
import { partitionState } from './subjects.ts'

/** A write that only Castle may make, asked by a broker for a Kafka client. */
export const call = Type.Object({
  type: Type.Literal('call'),
  id: count,
  method: Type.Enum([
    'createTopic',
    'deleteTopic',
    'createPartitions',
    'alterConfigs',
    'alterIsr',
    'handOver',
    'electLeaders',
    'reassignPartitions',
  ]),
  args: Type.Unknown(),
})
export type Call = Static<typeof call>

const partitionsPerCall = 10_000

/**
 * A leader proposes who is in sync (R12, KIP-497, KIP-903). Castle compares leader epoch, partition epoch and the epochs of leader and
 * members with what it has, and sets all or nothing of a partition at once.
 */
export const alterIsrArgs = Type.Object({
  /** Of the leader that proposes. */
  brokerEpoch: count,
  partitions: Type.Array(
    Type.Object({
      topicId,
      partition: partitionIndex,
      leaderEpoch,
      partitionEpoch: count,
      /** With the broker epoch that each member fetched with; the leader's own too. */
      isr: Type.Array(Type.Object({ brokerId, brokerEpoch: count }), { minItems: 1, maxItems: 100 }),
    }),
    { maxItems: partitionsPerCall },
  ),
})
export type AlterIsrArgs = Static<typeof alterIsrArgs>

/** The value of an alterIsr result: in the order of the proposals. */
export const alteredIsr = Type.Object({
  partitions: Type.Array(
    Type.Object({
      topicId,
      partition: partitionIndex,
      /**
       * Kafka's: 0 done; FENCED_LEADER_EPOCH, STALE_BROKER_EPOCH (the leader's own) and INVALID_UPDATE_VERSION: a newer subject is on
       * its way; INELIGIBLE_REPLICA: a member is down, stopping, or another process by now; UNKNOWN_TOPIC_ID.
       */
      errorCode: Type.Integer(),
      /** After it; absent when the topic or partition is unknown. */
      state: Type.Optional(partitionState),
    }),
    { maxItems: partitionsPerCall },
  ),
})
export type AlteredIsr = Static<typeof alteredIsr>

/**
 * A leader says that the `next` of each partition has all that it has itself, and that it acknowledges nothing more that the next one has
 * not got. Castle compares both epochs, and elects. The value of the result is as that of alterIsr.
 */
export const handOverArgs = Type.Object({
  /** Of the leader. */
  brokerEpoch: count,
  partitions: Type.Array(Type.Object({ topicId, partition: partitionIndex, leaderEpoch, partitionEpoch: count }), {
    maxItems: partitionsPerCall,
  }),
})
export type HandOverArgs = Static<typeof handOverArgs>

/** Elections that people ask for (KIP-460). The value of the result has one error code for each partition. */
export const electLeadersArgs = Type.Object({
  type: Type.Enum(['preferred', 'unclean']),
  /** Null: all of the cluster. */
  partitions: Type.Union([
    Type.Array(Type.Object({ topic: name, partition: partitionIndex }), { maxItems: partitionsPerCall }),
    Type.Null(),
  ]),
})
export type ElectLeadersArgs = Static<typeof electLeadersArgs>

/** New replicas for partitions (KIP-455); null cancels what is under way. */
export const reassignPartitionsArgs = Type.Object({
  partitions: Type.Array(
    Type.Object({ topic: name, partition: partitionIndex, replicas: Type.Union([replicas, Type.Null()]) }),
    { maxItems: partitionsPerCall },
  ),
})
export type ReassignPartitionsArgs = Static<typeof reassignPartitionsArgs>

/** The value of an electLeaders or reassignPartitions result: Kafka's codes, 0: done or begun. */
export const partitionOutcomes = Type.Object({
  partitions: Type.Array(
    Type.Object({
      topic: name,
      partition: partitionIndex,
      errorCode: Type.Integer(),
      message: Type.Optional(text),
    }),
    { maxItems: partitionsPerCall },
  ),
})
export type PartitionOutcomes = Static<typeof partitionOutcomes>

export const createTopicArgs = Type.Object({
  name,
  partitions: Type.Optional(Type.Integer({ minimum: 1, maximum: limit.partitions })),
  replicationFactor: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  /** Replicas by partition; instead of the two above. */
  assignments: Type.Optional(Type.Array(Type.Array(brokerId))),
  ackLevel: Type.Optional(Type.Enum([-1, 1, 0])),
  configs: Type.Optional(Type.Record(Type.String(), Type.String())),
  validateOnly: Type.Optional(Type.Boolean()),
})
export type CreateTopicArgs = Static<typeof createTopicArgs>

/** More partitions for a topic, so many in all. */
export const createPartitionsArgs = Type.Object({
  topic: name,
  count: Type.Integer({ minimum: 1, maximum: limit.partitions }),
  validateOnly: Type.Optional(Type.Boolean()),
})
export type CreatePartitionsArgs = Static<typeof createPartitionsArgs>

const configName = Type.String({ minLength: 1, maxLength: limit.name })

/** Single settings of a topic, each named once; what is not named stays (KIP-339). */
export const alterConfigsArgs = Type.Object({
  topic: name,
  changes: Type.Array(
    taggedUnion('operation', [
      Type.Object({ name: configName, operation: Type.Literal('delete') }),
      Type.Object({
        name: configName,
        /** The last two: of a list; `value` has its items, separated by commas. */
        operation: Type.Enum(['set', 'append', 'subtract']),
        value: text,
      }),
    ]),
    { maxItems: 1_000 },
  ),
  validateOnly: Type.Optional(Type.Boolean()),
})
export type AlterConfigsArgs = Static<typeof alterConfigsArgs>

/** The value of an alterConfigs result: all that is set on the topic now. */
export const alteredConfigs = Type.Object({ topicId, configs: Type.Record(Type.String(), Type.String()) })
export type AlteredConfigs = Static<typeof alteredConfigs>

export const deleteTopicArgs = Type.Object({ name: Type.Optional(name), topicId: Type.Optional(topicId) })
export type DeleteTopicArgs = Static<typeof deleteTopicArgs>

export const result = Type.Object({
  type: Type.Literal('result'),
  id: count,
  /** Kafka's error code; 0: done and durable. */
  errorCode: Type.Integer(),
  message: Type.Optional(text),
  value: Type.Optional(Type.Unknown()),
})
export type Result = Static<typeof result>

/** The value of a createTopic result. */
export const createdTopic = Type.Object({
  topicId,
  partitions: count,
  replicationFactor: count,
  configs: Type.Record(Type.String(), Type.String()),
})
export type CreatedTopic = Static<typeof createdTopic>

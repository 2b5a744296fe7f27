// Subjects: the desired state, as Castle tells it. Whole, each under a version of its own; the newest counts. What the first release does
// not know is optional.
import type { Static } from 'typebox'
import { Type } from '../json-schema/index.ts'
import {
  brokerId,
  count,
  leaderEpoch,
  leaderEpochReportedMax,
  limit,
  name,
  partitionsByTopic,
  replicas,
  topicId,
  version,
} from './fields.ts'

/**
 * What everybody must know of a cluster. Subject `cluster/<cluster id>`.
 * `brokers` holds the living ones; a registered broker that is not in it is down.
 */
export const clusterState = Type.Object({
  id: name,
  kind: Type.Enum(['castellan', 'kafka']),
  environment: name,
  /** What the cluster can do; SDK, Castle and console ask these, never the kind. */
  flags: Type.Record(Type.String(), Type.Boolean()),
  brokers: Type.Array(
    Type.Object({
      id: brokerId,
      host: name,
      port: Type.Integer({ minimum: 1, maximum: 65_535 }),
      rack: Type.Union([name, Type.Null()]),
      /** Fences a broker's earlier incarnations. */
      brokerEpoch: count,
      /** On its way down in good order: it leads nothing that another can lead, and is proposed for no ISR. Absent: it is not. */
      stopping: Type.Optional(Type.Boolean()),
    }),
    { maxItems: limit.subjects },
  ),
})
export type ClusterState = Static<typeof clusterState>

/** What the first release does not know is optional. */
export const partitionState = Type.Object({
  /** -1: no replica can lead. */
  leader: Type.Integer({ minimum: -1 }),
  leaderEpoch,
  /** Rises with each change of the partition; compared and set by ISR proposals (R12). */
  partitionEpoch: count,
  /** Preferred leader first. While replicas change (KIP-455): those that stay, those that come and those that go. */
  replicas,
  isr: replicas,
  /**
   * Eligible leaders (KIP-966): they left the ISR while it was smaller than min.insync.replicas, and hold all that is below the high
   * watermark, which rests meanwhile. Absent: none.
   */
  elr: Type.Optional(replicas),
  /** Of `replicas`: those that are on their way in. Absent: none. */
  adding: Type.Optional(replicas),
  /** Of `replicas`: those that go once all of `adding` are in sync. Absent: none. */
  removing: Type.Optional(replicas),
  /**
   * Of `isr`: leads next, though nobody died. The leader takes no more appends, and tells Castle (`handOver`) when this one has all that it has
   * itself. Absent: nobody.
   */
  next: Type.Optional(brokerId),
  /**
   * Nobody leads, all that could are damaged (R9), and a person who was shown what is lost has decided that this one of `isr` goes on with what
   * is sound of its log: it cuts the rest off, if that is what it told Castle, and can be elected then. Absent: nobody has.
   */
  salvage: Type.Optional(
    Type.Object({
      brokerId,
      lastEpoch: Type.Integer({ minimum: -1, maximum: leaderEpochReportedMax }),
      endOffset: count,
    }),
  ),
  /** Not in `replicas` any more: the record that R13 asks for before these brokers remove their logs. Absent: none. */
  removed: Type.Optional(replicas),
})
export type PartitionState = Static<typeof partitionState>

/** Subject `topic/<topic id>`: its settings and who leads. `deleted` is the recorded deletion of R13. */
export const topicState = Type.Object({
  topicId,
  name,
  deleted: Type.Boolean(),
  internal: Type.Boolean(),
  ackLevel: Type.Enum([-1, 1, 0]),
  /** Kafka's names; only what differs from the defaults in `settings/topic-settings.ts`. */
  configs: Type.Record(Type.String(), Type.String()),
  /** By partition index; empty when deleted. */
  partitions: Type.Array(partitionState, { maxItems: limit.partitions }),
})
export type TopicState = Static<typeof topicState>

/** Subject `target/<group>`, to the coordinator: who shall process what. */
export const targetState = Type.Object({
  group: name,
  /** The coordinator's membership number that this target was decided for. */
  membership: count,
  members: Type.Record(Type.String(), partitionsByTopic),
})
export type TargetState = Static<typeof targetState>

/** Subject `coordinator/<group>`, to members: where to heartbeat, and that there is news (`revision` differs). */
export const coordinatorState = Type.Object({ group: name, brokerId: Type.Integer({ minimum: -1 }), revision: count })
export type CoordinatorState = Static<typeof coordinatorState>

/** Subject `producer-ids/<broker id>`: the newest block that this broker may hand out, [start, start + length). */
export const producerIdBlock = Type.Object({ start: count, length: count })
export type ProducerIdBlock = Static<typeof producerIdBlock>

export const subject = Type.Object({
  /** `cluster/..`, `topic/..`, `target/..`, `coordinator/..`, `producer-ids/..` */
  key: Type.String({ maxLength: 300 }),
  version,
  state: Type.Unknown(),
})
export type Subject = Static<typeof subject>

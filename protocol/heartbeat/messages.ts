// The messages of the heartbeat loop, between Castle and everyone who follows it (brokers and clients).
//
//   sender                                   Castle
//     | -- heartbeat (actual state) ----------> |
//     | <--------- answer (desired state) ----- |    whole subjects that differ, directives
//     | <--------- push (hint) ---------------- |    "heartbeat now"
//     | -- call ------------------------------> |    a write that Castle alone may make (create a topic)
//     | <--------- result --------------------- |
//
// Level-triggered: losing, repeating or reordering any of them is harmless. Unknown fields are ignored, so
// that old senders live with new Castles. One JSON text each; steady heartbeats stay under 300 bytes.
import type { Static } from 'typebox'
import { Type } from '../json-schema.ts'

const limit = { subjects: 10_000, partitions: 10_000, members: 10_000, name: 249, text: 2_000 }

const name = Type.String({ minLength: 1, maxLength: limit.name })
const text = Type.String({ maxLength: limit.text })
const count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
/** Bounded so that a version, which contains it, stays a safe integer. It rises with each start of a Castle. */
export const castleEpochMax = 2 ** 21 - 1
const castleEpoch = Type.Integer({ minimum: 0, maximum: castleEpochMax })
/** Monotonic; contains the Castle epoch, see `versionOf`. */
const version = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const brokerId = Type.Integer({ minimum: 0, maximum: 2_147_483_647 })
const topicId = Type.String({ minLength: 36, maxLength: 36 })
const partitionIndex = Type.Integer({ minimum: 0, maximum: 1_000_000 })

/** Kafka's leader epochs have 32 bits. */
export const leaderEpochMax = 2_147_483_647
/**
 * The highest that a broker may report: what Castle gives next is above every epoch reported, and must still fit. A report with
 * a higher one is refused, and its link closed: such a log is damaged, or its broker lies.
 */
export const leaderEpochReportedMax = 2_000_000_000
const leaderEpoch = Type.Integer({ minimum: 0, maximum: leaderEpochMax })

/** topic id -> partitions */
const partitionsByTopic = Type.Record(topicId, Type.Array(partitionIndex, { maxItems: limit.partitions }), {
  maxProperties: limit.subjects,
})
export type PartitionsByTopic = Static<typeof partitionsByTopic>

// ---------------------------------------------------------------- subjects: the desired state

/**
 * What everybody must know of a cluster. Subject `cluster/<cluster id>`.
 * `brokers` holds the living ones; a registered broker that is not in it is down.
 */
export const clusterState = Type.Object({
  id: name,
  kind: Type.Union([Type.Literal('castellan'), Type.Literal('kafka')]),
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

const replicas = Type.Array(brokerId, { maxItems: 100 })

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
  ackLevel: Type.Union([Type.Literal(-1), Type.Literal(1), Type.Literal(0)]),
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

// ---------------------------------------------------------------- reports: the actual state

/** subject key -> the version that the sender has applied */
const holds = Type.Record(Type.String({ maxLength: 300 }), version, { maxProperties: 50_000 })

export const groupReport = Type.Object({
  group: name,
  /** Rises with each change of members or subscriptions. */
  membership: count,
  /** Rises with each change that some member has to learn. */
  revision: count,
  /** KIP-848 group epoch. */
  groupEpoch: count,
  members: Type.Array(
    Type.Object({
      memberId: name,
      rack: Type.Union([name, Type.Null()]),
      /** Subscribed topic names, regular expressions resolved. */
      topics: Type.Array(name, { maxItems: limit.subjects }),
      /** The target at the coordinator now: what stickiness starts from. */
      target: partitionsByTopic,
    }),
    { maxItems: limit.members },
  ),
})
export type GroupReport = Static<typeof groupReport>

export const brokerReport = Type.Object({
  kind: Type.Literal('broker'),
  cluster: name,
  host: name,
  port: Type.Integer({ minimum: 1, maximum: 65_535 }),
  /** Where /metrics and /health are served; 0: not served. */
  metricsPort: Type.Integer({ minimum: 0, maximum: 65_535 }),
  rack: Type.Union([name, Type.Null()]),
  pid: count,
  release: name,
  /** On its way down in good order. */
  stopping: Type.Boolean(),
  holds,
  /** Every log on its disk, wanted or stray: its highest leader epoch, and why it is out of use (R9) if it is. */
  logs: Type.Array(
    Type.Object({
      topicId,
      partition: partitionIndex,
      leaderEpoch: Type.Integer({ minimum: -1, maximum: leaderEpochReportedMax }),
      fault: Type.Union([text, Type.Null()]),
      /**
       * What R7 compares: the leader epoch of the last batch (-1: none) and the log end offset, as they were when this replica last had
       * no leader to follow at `leaderEpoch`. Absent: it leads or follows, or is of the first release.
       */
      lastEpoch: Type.Optional(Type.Integer({ minimum: -1, maximum: leaderEpochReportedMax })),
      endOffset: Type.Optional(count),
    }),
    { maxItems: 20_000 },
  ),
  /** Groups that it coordinates. */
  groups: Type.Array(groupReport, { maxItems: limit.subjects }),
  /** Start of the newest block of producer ids that it began to hand out; -1: none yet. */
  producerIdsBegun: Type.Integer({ minimum: -1 }),
  /** Follows leaders, and proposes ISR changes. Absent (the first release): it can hold a partition's only replica. */
  replicates: Type.Optional(Type.Boolean()),
  /**
   * Names its logs as they are: a new one with a new data folder, and after a stop that may have lost what was not synced (another boot
   * than the one it last ran under, without the marker of a clean shutdown). Under a new name its replicas leave every ISR (R8).
   */
  logsId: Type.Optional(name),
  /** Topic id -> the newest version of the topic's subject that its data folder remembers from before this process (R14). */
  remembers: Type.Optional(Type.Record(topicId, version, { maxProperties: limit.subjects })),
  /** The subjects that Castle asked for with `wantSubjects`, as this broker has them. */
  subjects: Type.Optional(Type.Array(subject, { maxItems: 1_000 })),
})
export type BrokerReport = Static<typeof brokerReport>

/** Further ones of a group are not told. */
export const stuckMax = 100
/** A message that stops its partition (or its key): it fails, and is tried again. */
const stuck = Type.Object({
  topicId,
  partition: partitionIndex,
  offset: count,
  /** On the sender's wall clock, since 1970: when it became stuck. */
  sinceMs: count,
  attempts: count,
  /** The last attempt's. */
  error: text,
})
export type StuckReport = Static<typeof stuck>

export const clientReport = Type.Object({
  kind: Type.Literal('client'),
  service: name,
  host: name,
  pid: count,
  release: name,
  /** Null: Castle chooses. */
  cluster: Type.Union([name, Type.Null()]),
  /** Names of the topics that it produces to or consumes. */
  topics: Type.Array(name, { maxItems: limit.subjects }),
  groups: Type.Array(
    Type.Object({
      group: name,
      memberId: Type.String({ maxLength: limit.name }),
      memberEpoch: Type.Integer({ minimum: -2 }),
      assigned: partitionsByTopic,
      /** Absent: nothing is stuck, or the sender is too old to say. */
      stuck: Type.Optional(Type.Array(stuck, { maxItems: stuckMax })),
    }),
    { maxItems: 1_000 },
  ),
  /** On its way out in good order: Castle forgets it at once. */
  stopping: Type.Optional(Type.Boolean()),
  holds,
})
export type ClientReport = Static<typeof clientReport>

// ---------------------------------------------------------------- the loop

/** What became of a directive. */
export const directiveOutcome = Type.Object({
  id: name,
  outcome: Type.Union([Type.Literal('done'), Type.Literal('refused'), Type.Literal('failed')]),
  reason: Type.Optional(text),
  durationMs: Type.Number({ minimum: 0 }),
})
export type DirectiveOutcome = Static<typeof directiveOutcome>

export const directive = Type.Object({
  id: name,
  /** `reconnect`: close the link and dial again. `report`: send the whole report. Unknown kinds are refused. */
  kind: name,
  args: Type.Unknown(),
  expiresInMs: Type.Number({ minimum: 0 }),
})
export type Directive = Static<typeof directive>

/** A broker answers with its incarnation when it is asked for this setting of itself (DescribeConfigs). */
export const incarnationConfig = 'castellan.incarnation'

export const heartbeat = Type.Object({
  type: Type.Literal('heartbeat'),
  /** Rises by one with each heartbeat of this incarnation; the answer repeats it. */
  seq: count,
  kind: Type.Union([Type.Literal('broker'), Type.Literal('client')]),
  id: name,
  /** New with each process start. */
  incarnation: name,
  /** The highest that the sender knows; 0: none. */
  castleEpoch,
  /** Given at registration; 0 for clients and before it. */
  brokerEpoch: count,
  /** Rises when the report changes. */
  reportNumber: count,
  /** Absent: unchanged since `reportNumber`. */
  report: Type.Optional(Type.Union([brokerReport, clientReport])),
  done: Type.Optional(Type.Array(directiveOutcome, { maxItems: 1_000 })),
})
export type Heartbeat = Static<typeof heartbeat>

export const answer = Type.Object({
  type: Type.Literal('answer'),
  seq: count,
  castleEpoch,
  intervalMs: Type.Number({ minimum: 1 }),
  leaseMs: Type.Number({ minimum: 1 }),
  /** Given to a broker at registration; absent for clients. */
  brokerEpoch: Type.Optional(count),
  /** Castle does not know this report: send all of it with the next heartbeat, at once. */
  needReport: Type.Optional(Type.Boolean()),
  /** There is more than fits in one answer: heartbeat again at once. */
  more: Type.Optional(Type.Boolean()),
  subjects: Type.Optional(Type.Array(subject, { maxItems: limit.subjects })),
  /** Of a broker: keys of subjects that it knows newer than the store, which went back in time (R14). Its next report is to have them. */
  wantSubjects: Type.Optional(Type.Array(Type.String({ maxLength: 300 }), { maxItems: 1_000 })),
  /** Topic names of a client's report that do not exist. */
  missingTopics: Type.Optional(Type.Array(name)),
  directives: Type.Optional(Type.Array(directive, { maxItems: 1_000 })),
  /** A newer incarnation has this id: stop. */
  stop: Type.Optional(text),
  /** Over capacity, or not ready: nothing was taken in; come back in so many ms. */
  comeBackInMs: Type.Optional(Type.Number({ minimum: 0 })),
  /** This Castle is not the active one: ask that one. */
  askUrl: Type.Optional(text),
})
export type Answer = Static<typeof answer>

/** "Heartbeat now": these subjects changed. A hint; losing it costs one interval. */
export const push = Type.Object({
  type: Type.Literal('push'),
  castleEpoch,
  subjects: Type.Array(Type.String({ maxLength: 300 }), { maxItems: 1_000 }),
  /** Spread: wait a random part of this first. */
  withinMs: Type.Number({ minimum: 0 }),
})
export type Push = Static<typeof push>

/** A write that only Castle may make, asked by a broker for a Kafka client. */
export const call = Type.Object({
  type: Type.Literal('call'),
  id: count,
  method: Type.Union([
    Type.Literal('createTopic'),
    Type.Literal('deleteTopic'),
    Type.Literal('alterIsr'),
    Type.Literal('handOver'),
    Type.Literal('electLeaders'),
    Type.Literal('reassignPartitions'),
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
  type: Type.Union([Type.Literal('preferred'), Type.Literal('unclean')]),
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
  ackLevel: Type.Optional(Type.Union([Type.Literal(-1), Type.Literal(1), Type.Literal(0)])),
  configs: Type.Optional(Type.Record(Type.String(), Type.String())),
  validateOnly: Type.Optional(Type.Boolean()),
})
export type CreateTopicArgs = Static<typeof createTopicArgs>

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

const changesPerCastleEpoch = 2 ** 32

/** A subject's version: rises within a Castle epoch, and any version of a later epoch is higher (R14). */
export function versionOf(castleEpoch: number, change: number): number {
  return castleEpoch * changesPerCastleEpoch + change
}

/** The Castle epoch that a version belongs to. */
export function castleEpochOf(version: number): number {
  return Math.floor(version / changesPerCastleEpoch)
}

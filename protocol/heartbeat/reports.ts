// Reports: the actual state, as brokers and clients tell it. What the first release does not say is optional.
import type { Static } from 'typebox'
import { Type } from '../json-schema/index.ts'
import {
  count,
  leaderEpochReportedMax,
  limit,
  name,
  partitionIndex,
  partitionsByTopic,
  text,
  topicId,
  version,
} from './fields.ts'
import { subject } from './subjects.ts'

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
  /** Its disk has no room: it takes nothing, and others are to lead and be in sync, where there are others. Absent: it has room. */
  full: Type.Optional(Type.Boolean()),
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
      /**
       * Of a log that is damaged, or fetched anew (R9), while nobody leads: what is sound of it, from its start on, with the leader epoch of its
       * last record (-1: there is none), and where the log ended before (null: nobody can tell). Absent: it has not looked yet, or the broker is
       * of an earlier release.
       */
      sound: Type.Optional(
        Type.Object({
          startOffset: count,
          endOffset: count,
          lastEpoch: Type.Integer({ minimum: -1, maximum: leaderEpochReportedMax }),
          hadOffset: Type.Union([count, Type.Null()]),
        }),
      ),
    }),
    { maxItems: 20_000 },
  ),
  /**
   * `logs` has only those that are not as they were in the report of this number, which Castle has confirmed; `logsGone` are not there any
   * more. Only to a Castle that takes that (`takesChanges`). Absent: all are in `logs`.
   */
  logsBase: Type.Optional(count),
  logsGone: Type.Optional(Type.Array(Type.Object({ topicId, partition: partitionIndex }), { maxItems: 20_000 })),
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
  /**
   * The broker epoch with which a Castle first registered these logs, by this name: what was decided before that does not hold for them (R8), and a
   * store that went back in time knows no other names to compare with. Absent: none has, or the broker is of an earlier release.
   */
  logsSince: Type.Optional(version),
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

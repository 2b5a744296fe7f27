// What the API answers, as schemas: the types of the views, and OpenAPI, come from these. Times are ISO 8601 in UTC, for
// people; durations and ages are numbers whose names say the unit.
import { Type } from '@castellan/protocol/json-schema'
import type { Static, TSchema } from 'typebox'

const text = Type.String()
const count = Type.Integer({ minimum: 0 })
const time = Type.String({ format: 'date-time' })
const texts = Type.Record(Type.String(), Type.String())
const ackLevel = Type.Union([Type.Literal(-1), Type.Literal(1), Type.Literal(0)])
const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

/** How many senders that use a thing hold its newest version. */
const applied = Type.Object({ current: count, senders: count })

export const clusterView = Type.Object({
  id: text,
  kind: Type.Union([Type.Literal('castellan'), Type.Literal('kafka')]),
  environment: text,
  flags: Type.Record(Type.String(), Type.Boolean()),
  brokers: count,
  brokersUp: count,
  topics: count,
  clients: count,
})
export type ClusterView = Static<typeof clusterView>

const recoveryView = Type.Object({
  logs: count,
  /** Of the logs: open by now. */
  opened: count,
  /** Of the logs opened so far: what has to be read, and what was. */
  bytesToCheck: count,
  bytesChecked: count,
})

const vitalsView = Type.Object({
  at: time,
  /** The longest within the last minute: nothing is answered meanwhile. */
  loopHeldMs: Type.Number({ minimum: 0 }),
  /** Of all its logs. */
  logBytes: count,
  /** `async`: its disk makes writers wait, so that it writes off its event loop. */
  writePath: Type.Union([Type.Literal('sync'), Type.Literal('async')]),
  /** The longest within the last minute. */
  longestWriteMs: Type.Number({ minimum: 0 }),
  /** Since its start. */
  slowWrites: count,
  leftLoop: count,
  /** How its process before this one ended. `lost`: with the machine, so that what was not synced may be gone. */
  lastStop: Type.Union([Type.Literal('clean'), Type.Literal('killed'), Type.Literal('lost'), Type.Literal('first')]),
})

export const brokerView = Type.Object({
  id: count,
  cluster: text,
  host: text,
  port: count,
  metricsPort: count,
  rack: nullable(text),
  pid: count,
  release: text,
  state: Type.Union([Type.Literal('up'), Type.Literal('down')]),
  /** Why it is in this state, and since when. */
  why: text,
  since: time,
  brokerEpoch: count,
  stopping: Type.Boolean(),
  lastHeard: nullable(time),
  leaders: count,
  replicas: count,
  /** Logs that are out of use. */
  faults: Type.Array(Type.Object({ topicId: text, topic: nullable(text), partition: count, fault: text })),
  /** Logs of topics that Castle does not know: never deleted. */
  strays: Type.Array(Type.Object({ topicId: text, partition: count })),
  /** Subjects of which it holds another version than it should. */
  behind: Type.Array(text),
  /** When its process started, by its own word and clock. Null: as for `vitals`. */
  startedAt: nullable(time),
  /** It is starting, and recovers its logs before it registers: how far it is. Null: it does not. */
  recovery: nullable(recoveryView),
  /** How it does, by its own word of the last seconds. Null: it is down, or of a release that does not tell. */
  vitals: nullable(vitalsView),
})
export type BrokerView = Static<typeof brokerView>

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
  state: Type.Union([
    Type.Literal('ok'),
    Type.Literal('moving'),
    Type.Literal('under-replicated'),
    Type.Literal('below-min-isr'),
    Type.Literal('offline'),
  ]),
  /** The replicas that are not in sync, and why: `behind` ones are alive and catching up. */
  missing: Type.Array(
    Type.Object({
      broker: count,
      why: Type.Union([
        Type.Literal('down'),
        Type.Literal('stopping'),
        Type.Literal('faulty'),
        Type.Literal('behind'),
        Type.Literal('joining'),
      ]),
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

const assignedPartitions = Type.Array(
  Type.Object({ topic: nullable(text), topicId: text, partitions: Type.Array(count) }),
)

export const groupSummary = Type.Object({
  group: text,
  cluster: text,
  coordinator: Type.Integer({ minimum: -1 }),
  members: count,
  topics: Type.Array(text),
})
export type GroupSummary = Static<typeof groupSummary>

export const groupView = Type.Object({
  group: text,
  cluster: text,
  /** -1: none at the moment. */
  coordinator: Type.Integer({ minimum: -1 }),
  /** As the coordinator last reported it; null: it did not, since this Castle started. */
  groupEpoch: nullable(count),
  members: Type.Array(
    Type.Object({
      memberId: text,
      rack: nullable(text),
      topics: Type.Array(text),
      /** What Castle wants it to process. */
      target: assignedPartitions,
      /** What it says it processes, at which epoch, and who it is; null: it is no client of this Castle. */
      client: nullable(
        Type.Object({ id: text, service: text, host: text, memberEpoch: Type.Integer(), assigned: assignedPartitions }),
      ),
    }),
  ),
  assignment: nullable(
    Type.Object({
      /** The coordinator's number of the membership that it was decided for. */
      membership: count,
      version: count,
      /** The coordinator has another membership now: a new target is on its way. */
      outdated: Type.Boolean(),
    }),
  ),
  offsets: Type.Array(
    Type.Object({
      topic: text,
      partition: count,
      committed: Type.Integer(),
      end: nullable(Type.Integer()),
      lag: nullable(count),
    }),
  ),
  /** Why there are no offsets, or null. */
  offsetsProblem: nullable(text),
  /** Messages that stop their partitions, as the members that handle them say. */
  stuck: Type.Array(
    Type.Object({
      topic: nullable(text),
      topicId: text,
      partition: count,
      offset: count,
      since: time,
      attempts: count,
      error: text,
      client: text,
    }),
  ),
})
export type GroupView = Static<typeof groupView>

export const clientView = Type.Object({
  id: text,
  incarnation: text,
  service: text,
  host: text,
  pid: count,
  release: text,
  cluster: nullable(text),
  topics: Type.Array(text),
  missingTopics: Type.Array(text),
  groups: Type.Array(
    Type.Object({ group: text, memberId: text, memberEpoch: Type.Integer(), assigned: assignedPartitions }),
  ),
  lastHeard: time,
  silentMs: count,
  linked: Type.Boolean(),
  /** What it should hold, and what it says that it holds. */
  subjects: Type.Array(Type.Object({ key: text, desired: count, actual: nullable(count) })),
  directives: Type.Array(
    Type.Object({
      id: text,
      kind: text,
      given: time,
      state: Type.Union([
        Type.Literal('given'),
        Type.Literal('done'),
        Type.Literal('refused'),
        Type.Literal('failed'),
        Type.Literal('expired'),
      ]),
      reason: nullable(text),
      durationMs: nullable(Type.Number()),
    }),
  ),
})
export type ClientView = Static<typeof clientView>

export const clientSummary = Type.Object({
  id: text,
  service: text,
  host: text,
  pid: count,
  release: text,
  cluster: nullable(text),
  topics: Type.Array(text),
  groups: Type.Array(text),
  lastHeard: time,
  linked: Type.Boolean(),
  /** Subjects of which it holds another version than it should. */
  behind: count,
})
export type ClientSummary = Static<typeof clientSummary>

export const topicClientView = Type.Object({
  id: text,
  service: text,
  host: text,
  linked: Type.Boolean(),
  /** offline: it has no link, and holds an older version; it hears of the newest at its next heartbeat. */
  state: Type.Union([Type.Literal('applied'), Type.Literal('pending'), Type.Literal('offline')]),
  /** That it holds; null: none yet. */
  version: nullable(count),
  desired: count,
  /** From the commit of the desired version to the heartbeat that confirmed it; null: not confirmed, or not waited for. */
  appliedMs: nullable(Type.Number({ minimum: 0 })),
})
export type TopicClientView = Static<typeof topicClientView>

export const problemView = Type.Object({
  kind: Type.Union([
    Type.Literal('store-failed'),
    Type.Literal('leaderless'),
    Type.Literal('in-doubt'),
    Type.Literal('below-min-isr'),
    Type.Literal('lost'),
    Type.Literal('log-fault'),
    Type.Literal('broker-down'),
    Type.Literal('recovering'),
    Type.Literal('under-replicated'),
    Type.Literal('stuck'),
    Type.Literal('refused'),
    Type.Literal('client-behind'),
  ]),
  /** 1 is worst. */
  harm: Type.Integer({ minimum: 1 }),
  cluster: text,
  /** A code, with the names and values that say it in any language. */
  what: text,
  params: Type.Record(Type.String(), Type.Union([text, Type.Number(), Type.Boolean(), Type.Null()])),
  since: time,
  /** Keys of what it concerns, such as broker/2 or topic/<id>; the first twenty. */
  about: Type.Array(text),
})
export type ProblemView = Static<typeof problemView>

export const decisionView = Type.Object({
  number: count,
  at: time,
  kind: text,
  what: text,
  why: text,
  about: Type.Array(text),
})
export type DecisionView = Static<typeof decisionView>

export const healthView = Type.Object({
  /** degraded: the last change could not be written, and until one can be, nothing changes. */
  status: Type.Union([Type.Literal('ok'), Type.Literal('degraded')]),
  /** What could not be written, since when, and why; null: all is well. */
  problem: nullable(text),
  castleEpoch: count,
  release: text,
  pid: count,
  uptimeMs: count,
  clusters: Type.Array(Type.Object({ id: text, brokers: count, brokersUp: count, leaderless: count })),
})
export type HealthView = Static<typeof healthView>

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
// that old senders live with new Castles. One JSON text each; steady heartbeats stay under 300 bytes. Calls and results: call-messages.ts.
import type { Static } from 'typebox'
import { Type, taggedUnion } from '../json-schema/index.ts'
import { castleEpoch, count, limit, name, text } from './fields.ts'
import { brokerReport, clientReport } from './reports.ts'
import { subject } from './subjects.ts'

/** What became of a directive. */
export const directiveOutcome = Type.Object({
  id: name,
  outcome: Type.Enum(['done', 'refused', 'failed']),
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
  kind: Type.Enum(['broker', 'client']),
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
  report: Type.Optional(taggedUnion('kind', [brokerReport, clientReport])),
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
  /** To brokers: a report may say of their logs what differs from the last that was confirmed. Absent (the first release): it says all. */
  takesChanges: Type.Optional(Type.Boolean()),
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

// Castle itself, as the API answers it: what is wrong now, what was decided, how Castle does. The types of the views, and OpenAPI,
// come from these.
import { Type } from '@castellan/protocol/json-schema'
import type { Static } from 'typebox'
import { count, nullable, text, time } from './fields.ts'

export const problemView = Type.Object({
  kind: Type.Enum([
    'store-failed',
    'leaderless',
    'in-doubt',
    'below-min-isr',
    'lost',
    'log-fault',
    'disk-full',
    'broker-down',
    'recovering',
    'under-replicated',
    'stuck',
    'refused',
    'client-behind',
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
  status: Type.Enum(['ok', 'degraded']),
  /** What could not be written, since when, and why; null: all is well. */
  problem: nullable(text),
  castleEpoch: count,
  release: text,
  pid: count,
  uptimeMs: count,
  clusters: Type.Array(Type.Object({ id: text, brokers: count, brokersUp: count, leaderless: count })),
})
export type HealthView = Static<typeof healthView>

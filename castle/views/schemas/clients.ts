// Clients, as the API answers them: the types of the views, and OpenAPI, come from these.
import { Type } from '@castellan/protocol/json-schema'
import type { Static } from 'typebox'
import { assignedPartitions, count, nullable, text, time } from './fields.ts'

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
      state: Type.Enum(['given', 'done', 'refused', 'failed', 'expired']),
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

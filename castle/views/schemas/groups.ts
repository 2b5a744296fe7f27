// Consumer groups, as the API answers them: the types of the views, and OpenAPI, come from these.
import { Type } from '@castellan/protocol/json-schema'
import type { Static } from 'typebox'
import { assignedPartitions, count, nullable, text, time } from './fields.ts'

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

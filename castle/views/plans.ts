// What a dry run answers: what the write would do, with numbers, and everything that is wrong with it. Problems carry code and
// params beside the English sentence, so that the console can say them in its reader's language.
import { Type } from '@castellan/protocol/json-schema'
import type { Static } from 'typebox'
import type { ClusterClients } from '../browse/cluster-clients.ts'
import { findOffsets } from '../browse/offsets.ts'
import type { Castle } from '../castle.ts'
import { targetOf } from '../placement/reassign.ts'
import { topicAudience } from '../scope.ts'
import type { Topic } from '../state/entities.ts'
import type { TopicChange } from '../topics/change.ts'
import { type CreationPlan, planChange } from '../topics/plan.ts'
import type { FieldProblem } from '../topics/problems.ts'
import type { DrawnReassignment } from '../topics/reassign.ts'

const count = Type.Integer({ minimum: 0 })
const scalar = Type.Union([Type.String(), Type.Number(), Type.Null()])
const problems = Type.Array(
  Type.Object({
    field: Type.String(),
    code: Type.String(),
    params: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()])),
    message: Type.String(),
  }),
)

export const creationPlanView = Type.Object({
  valid: Type.Boolean(),
  problems,
  /** Empty where it cannot be placed. */
  placement: Type.Array(Type.Object({ partition: count, leader: count, replicas: Type.Array(count) })),
  /** How many brokers may be lost at once, and every partition still takes messages at its ack level. */
  survivesBrokers: count,
})

export const changePlanView = Type.Object({
  /** To be sent as If-Match. */
  version: count,
  /** null: the default, or nothing. */
  changes: Type.Array(Type.Object({ field: Type.String(), from: scalar, to: scalar })),
  /** The ack level falls: less is promised of messages than before. */
  weaker: Type.Boolean(),
  problems,
  /** That use the topic, and how many of them hear of it at once. */
  clients: Type.Object({ total: count, linked: count }),
  brokers: count,
})

export const deletionPlanView = Type.Object({
  version: count,
  partitions: count,
  /** End less start, summed; null: a broker did not answer. Retention and compaction may have taken some of them. */
  messages: Type.Union([count, Type.Null()]),
  /** Groups with a member that subscribes to it; at most 1,000. */
  groups: Type.Array(Type.String()),
  clients: count,
})

const brokerIds = Type.Array(count)

export const reassignmentPlanView = Type.Object({
  /** To be sent as If-Match. */
  version: count,
  valid: Type.Boolean(),
  problems,
  /** Only those that change; `target` is what they have when all that come are in sync. */
  partitions: Type.Array(
    Type.Object({ partition: count, replicas: brokerIds, target: brokerIds, adding: brokerIds, removing: brokerIds }),
  ),
  /** Logs to be copied from one broker to another. */
  copies: count,
})

export const electionPlanView = Type.Object({
  /** To be sent as If-Match. */
  version: count,
  /** To be sent as `plan`: what is done is what is shown here, or nothing. */
  id: Type.String(),
  partitions: Type.Array(
    Type.Object({
      partition: count,
      /** Who leads now, and who would; -1: nobody. */
      from: Type.Integer({ minimum: -1 }),
      to: Type.Integer({ minimum: -1 }),
      /** Its log is damaged: it is cut there first, and leads then (R9); null: it is not. */
      cutAt: Type.Union([count, Type.Null()]),
      /** Acknowledged messages that may be lost by it, at most; null: nobody knows. */
      messagesMax: Type.Union([count, Type.Null()]),
      /** Why it cannot be done, in English; null: it can. */
      refusal: Type.Union([Type.String(), Type.Null()]),
    }),
  ),
})

export function viewReassignmentPlan(topic: Topic, drawn: DrawnReassignment): Static<typeof reassignmentPlanView> {
  const partitions = drawn.moved.map(({ partition, before, after }) => {
    const target = targetOf(after)
    return {
      partition,
      replicas: before.replicas,
      target,
      adding: target.filter((id) => !before.replicas.includes(id)),
      removing: before.replicas.filter((id) => !target.includes(id)),
    }
  })
  const { version } = topic
  return {
    version,
    valid: drawn.problems.length === 0,
    problems: viewProblems(drawn.problems),
    partitions,
    copies: drawn.copies,
  }
}

export function viewCreationPlan(plan: CreationPlan): Static<typeof creationPlanView> {
  const placement = plan.placement.map((each) => ({ ...each }))
  const { survivesBrokers } = plan
  return { valid: plan.problems.length === 0, problems: viewProblems(plan.problems), placement, survivesBrokers }
}

export function viewChangePlan(castle: Castle, topic: Topic, change: TopicChange): Static<typeof changePlanView> {
  const plan = planChange(castle.state, topic, change)
  let total = 0
  let linked = 0
  for (const { link } of castle.sessions.interestedIn(topicAudience(topic.cluster, topic.name))) {
    total += 1
    if (link !== undefined) linked += 1
  }
  return {
    version: plan.version,
    changes: plan.changes.map((each) => ({ ...each })),
    weaker: plan.weaker,
    problems: viewProblems(plan.problems),
    clients: { total, linked },
    brokers: [...castle.sessions.interestedIn(`topics/${topic.cluster}`)].length,
  }
}

export async function viewDeletionPlan(
  castle: Castle,
  clients: ClusterClients,
  topic: Topic,
  gone: AbortSignal,
): Promise<Static<typeof deletionPlanView>> {
  return {
    version: topic.version,
    partitions: topic.partitions.length,
    messages: await messagesOf(clients, topic, gone),
    groups: castle.groups.subscribedTo(topic.cluster, topic.name).slice(0, 1_000),
    clients: [...castle.sessions.interestedIn(topicAudience(topic.cluster, topic.name))].length,
  }
}

async function messagesOf(clients: ClusterClients, topic: Topic, gone: AbortSignal): Promise<number | null> {
  const partitions = [...topic.partitions.keys()]
  const queries = (['earliest', 'latest'] as const).flatMap((at) => partitions.map((partition) => ({ partition, at })))
  const { offsets } = await findOffsets(clients.of(topic.cluster), topic, queries, gone)
  let messages = 0
  for (const partition of partitions) {
    const [start, end] = [offsets[partition], offsets[partitions.length + partition]]
    if (typeof start !== 'number' || typeof end !== 'number') return null
    messages += Math.max(0, end - start)
  }
  return messages
}

export function viewProblems(problems: readonly FieldProblem[]) {
  return problems.map(({ field, error: { code, params, message } }) => ({
    field,
    code,
    params: { ...params },
    message,
  }))
}

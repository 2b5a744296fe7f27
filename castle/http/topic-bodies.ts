// What is sent to make a topic, and to change one.
import { Type } from '@castellan/protocol/json-schema'
import { labelsMax } from '../topics/labels.ts'

export const strict = { additionalProperties: false }
const ackLevel = Type.Enum([-1, 1, 0], {
  description: 'Who must have a message before it is acknowledged: -1 all in sync, 1 the leader, 0 nobody.',
})
const people = {
  description: Type.Optional(Type.String({ maxLength: 2_000 })),
  owner: Type.Optional(Type.String({ maxLength: 249 })),
}
const short = Type.String({ maxLength: 2_000 })
/** Names are bounded here: a record of typebox looks at their values only. */
const namedTexts = { propertyNames: { minLength: 1, maxLength: 249 }, maxProperties: 100 }
const labelNames = { ...namedTexts, maxProperties: labelsMax, description: `At most ${labelsMax}.` }

export const newTopic = Type.Object(
  {
    name: Type.String({ maxLength: 1_000 }),
    cluster: Type.Optional(Type.String({ maxLength: 249 })),
    partitions: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
    replicationFactor: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
    ackLevel: Type.Optional(ackLevel),
    configs: Type.Optional(
      Type.Record(Type.String(), short, { ...namedTexts, description: "Kafka's names of topic settings." }),
    ),
    labels: Type.Optional(Type.Record(Type.String(), short, labelNames)),
    ...people,
  },
  strict,
)

export const topicChange = Type.Object(
  {
    ackLevel: Type.Optional(ackLevel),
    partitions: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10_000,
        description:
          'As many as there are, or more. Keys go to other partitions then: what was sent before stays where it is.',
      }),
    ),
    configs: Type.Optional(
      Type.Record(Type.String(), Type.Union([short, Type.Null()]), {
        ...namedTexts,
        description: 'Only those to change; null takes one back to its default.',
      }),
    ),
    labels: Type.Optional(
      Type.Record(Type.String(), Type.Union([short, Type.Null()]), {
        ...labelNames,
        // As many given as taken away.
        maxProperties: 2 * labelsMax,
        description: `Only those to change; null removes one. A topic has at most ${labelsMax}.`,
      }),
    ),
    ...people,
  },
  strict,
)

const replicaIds = Type.Array(Type.Integer({ minimum: 0, maximum: 2_147_483_647 }), { minItems: 1, maxItems: 100 })

/** One of its three ways; which is checked by whoever takes it. */
export const reassignmentBody = Type.Object(
  {
    partitions: Type.Optional(
      Type.Array(
        Type.Object(
          {
            partition: Type.Integer({ minimum: 0, maximum: 1_000_000 }),
            replicas: Type.Union([replicaIds, Type.Null()], {
              description: 'Broker ids, preferred leader first; null takes back what is under way.',
            }),
          },
          strict,
        ),
        { minItems: 1, maxItems: 10_000 },
      ),
    ),
    replicationFactor: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        description: 'So many replicas for every partition: Castle places them.',
      }),
    ),
    cancel: Type.Optional(Type.Literal(true, { description: 'Takes back everything that is under way.' })),
  },
  { ...strict, minProperties: 1, maxProperties: 1 },
)

export const electionBody = Type.Object(
  {
    type: Type.Enum(['preferred', 'unclean'], {
      description:
        'preferred: the first of its replicas leads again, where it is in sync. unclean: of partitions without a leader, the longest log that is left leads; what it lacks is lost for good, counted and shown. A damaged log counts up to its first damage, where it is cut, and only with `plan`: for whoever has seen what is lost.',
    }),
    partitions: Type.Optional(
      Type.Array(Type.Integer({ minimum: 0, maximum: 1_000_000 }), {
        minItems: 1,
        maxItems: 10_000,
        description: 'Left out: all that it could help.',
      }),
    ),
    plan: Type.Optional(
      Type.String({
        maxLength: 100,
        description:
          'The id of the plan that the dry run of this request showed; refused with 412 PLAN_OUTDATED when anything that it showed is different by now.',
      }),
    ),
  },
  strict,
)

export const inCluster = {
  cluster: Type.Optional(
    Type.String({ maxLength: 249, description: 'Of several clusters, which; else the first by name.' }),
  ),
}
export const named = Type.Object({ name: Type.String({ maxLength: 1_000 }) })

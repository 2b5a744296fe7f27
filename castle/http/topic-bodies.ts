// What is sent to make a topic, and to change one.
import { Type } from '@castellan/protocol/json-schema'
import { labelsMax } from '../topics/labels.ts'

export const strict = { additionalProperties: false }
const ackLevel = Type.Union([Type.Literal(-1), Type.Literal(1), Type.Literal(0)], {
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
    partitions: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
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

export const inCluster = {
  cluster: Type.Optional(
    Type.String({ maxLength: 249, description: 'Of several clusters, which; else the first by name.' }),
  ),
}
export const named = Type.Object({ name: Type.String({ maxLength: 1_000 }) })

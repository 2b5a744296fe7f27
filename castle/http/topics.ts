// /api/topics: created, shown, changed, deleted. A write is answered when it is on disk (R11).

import { Type } from '@castellan/protocol/json-schema'
import type { FastifyInstance } from 'fastify'
import type { Castle } from '../castle.ts'
import { CastleError } from '../errors.ts'
import type { Topic } from '../state/entities.ts'
import { labelsMax } from '../topics/labels.ts'
import { topicSummary, topicView } from '../views/schemas.ts'
import { summarizeTopic, viewTopic } from '../views/views.ts'
import { page, pageOf, pageQuery } from './lists.ts'
import { addRoute } from './routes.ts'

const strict = { additionalProperties: false }
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

const newTopic = Type.Object(
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

const topicChange = Type.Object(
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

const inCluster = {
  cluster: Type.Optional(
    Type.String({ maxLength: 249, description: 'Of several clusters, which; else the first by name.' }),
  ),
}
const named = Type.Object({ name: Type.String({ maxLength: 1_000 }) })

export function addTopics(app: FastifyInstance, castle: Castle): void {
  const tag = 'topics'
  addRoute(app, {
    method: 'GET',
    url: '/api/topics',
    tag,
    summary: 'Lists topics, of one cluster or of all.',
    query: Type.Object({ ...inCluster, ...pageQuery }, strict),
    answers: [200, pageOf(topicSummary)],
    handle: ({ query }) => {
      const cluster = query.cluster === undefined ? undefined : castle.clusterNamed(query.cluster).id
      const topics = [...castle.state.all('topic')].filter(
        (topic) => !topic.deleted && topic.cluster === (cluster ?? topic.cluster),
      )
      return page(topics, ({ name, cluster: home }) => `${name}/${home}`, summarizeTopic, query)
    },
  })
  addRoute(app, {
    method: 'POST',
    url: '/api/topics',
    tag,
    summary: 'Creates a topic.',
    description: 'Answered when it is on disk. The same name as a deleted topic makes another topic, with another id.',
    body: newTopic,
    answers: [201, topicView],
    handle: async ({ body }) => {
      const cluster = castle.clusterNamed(body.cluster).id
      const { topicId } = await castle.createTopic({ ...body, cluster })
      return viewTopic(castle, topicById(castle, topicId))
    },
  })
  addRoute(app, {
    method: 'GET',
    url: '/api/topics/:name',
    tag,
    summary: 'Shows a topic: its settings, partitions and leaders, and how many senders have its newest version.',
    params: named,
    query: Type.Object(inCluster, strict),
    answers: [200, topicView],
    handle: ({ params, query }) => viewTopic(castle, topicNamed(castle, query.cluster, params.name)),
  })
  addRoute(app, {
    method: 'PATCH',
    url: '/api/topics/:name',
    tag,
    summary: 'Changes a topic. Brokers and clients that use it hear of it at once.',
    params: named,
    query: Type.Object(inCluster, strict),
    body: topicChange,
    answers: [200, topicView],
    handle: async ({ params, query, body }) => {
      const cluster = castle.clusterNamed(query.cluster).id
      return viewTopic(castle, await castle.changeTopic(cluster, params.name, body))
    },
  })
  addRoute(app, {
    method: 'DELETE',
    url: '/api/topics/:name',
    tag,
    summary: 'Deletes a topic with all its messages, for good.',
    params: named,
    query: Type.Object(inCluster, strict),
    answers: [204, null],
    handle: ({ params, query }) => castle.deleteTopic(castle.clusterNamed(query.cluster).id, { name: params.name }),
  })
}

function topicNamed(castle: Castle, clusterName: string | undefined, name: string): Topic {
  const cluster = castle.clusterNamed(clusterName).id
  const topic = castle.state.topicNamed(cluster, name)
  if (topic !== undefined) return topic
  throw new CastleError('TOPIC_UNKNOWN', `there is no topic '${name.slice(0, 300)}' in cluster '${cluster}'`)
}

function topicById(castle: Castle, topicId: string): Topic {
  const topic = castle.state.get('topic', topicId)
  if (topic !== undefined) return topic
  throw new CastleError('TOPIC_UNKNOWN', `the topic with id ${topicId} was deleted at once`)
}

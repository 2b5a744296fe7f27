// /api/topics: created, shown, changed, deleted; and what each of these would do, before it is done. A write is answered when
// it is on disk (R11).

import { Type } from '@castellan/protocol/json-schema'
import type { FastifyInstance } from 'fastify'
import type { ClusterClients } from '../browse/cluster-clients.ts'
import type { Castle } from '../castle.ts'
import { CastleError } from '../errors.ts'
import { topicAudience } from '../scope.ts'
import type { Topic } from '../state/entities.ts'
import { livingTopic } from '../topics/change.ts'
import type { NewTopic } from '../topics/create.ts'
import {
  changePlanView,
  creationPlanView,
  deletionPlanView,
  viewChangePlan,
  viewCreationPlan,
  viewDeletionPlan,
} from '../views/plans.ts'
import { topicClientView, topicSummary, topicView } from '../views/schemas/topics.ts'
import { summarizeTopic, viewTopic, viewTopicClient } from '../views/views.ts'
import { list, listOf, listQuery, matching, pageQuery } from './lists.ts'
import { addRoute, plannedQuery } from './routes.ts'
import { inCluster, named, newTopic, strict, topicChange } from './topic-bodies.ts'
import { addTopicSettings } from './topic-settings.ts'

const tag = 'topics'

export function addTopics(app: FastifyInstance, castle: Castle, clients: ClusterClients): void {
  addReads(app, castle)
  addTopicSettings(app)
  addRoute(app, {
    method: 'POST',
    url: '/api/topics',
    tag,
    summary: 'Creates a topic.',
    description: 'Answered when it is on disk. The same name as a deleted topic makes another topic, with another id.',
    query: Type.Object(plannedQuery, strict),
    body: newTopic,
    answers: [201, topicView],
    handle: async ({ body, query: { reason } }) => {
      const cluster = castle.clusterNamed(body.cluster).id
      const { topicId } = await castle.createTopic({ ...body, cluster }, reason === undefined ? {} : { reason })
      return viewTopic(castle, topicById(castle, topicId))
    },
    plan: { shape: creationPlanView, make: ({ body }) => viewCreationPlan(planOf(castle, body)) },
  })
  addRoute(app, {
    method: 'PATCH',
    url: '/api/topics/:name',
    tag,
    summary: 'Changes a topic. Brokers and clients that use it hear of it at once.',
    params: named,
    query: Type.Object({ ...inCluster, ...plannedQuery }, strict),
    body: topicChange,
    conditional: true,
    answers: [200, topicView],
    handle: async ({ params, query: { cluster: home, reason }, body, ifVersion }) => {
      const cluster = castle.clusterNamed(home).id
      return viewTopic(castle, await castle.changeTopic(cluster, params.name, body, askedOf(reason, ifVersion)))
    },
    plan: {
      shape: changePlanView,
      make: ({ params, query, body }) => viewChangePlan(castle, topicNamed(castle, query.cluster, params.name), body),
    },
  })
  addRoute(app, {
    method: 'DELETE',
    url: '/api/topics/:name',
    tag,
    summary: 'Deletes a topic with all its messages, for good.',
    params: named,
    query: Type.Object({ ...inCluster, ...plannedQuery }, strict),
    conditional: true,
    answers: [204, null],
    handle: ({ params, query: { cluster, reason }, ifVersion }) =>
      castle.deleteTopic(castle.clusterNamed(cluster).id, { name: params.name }, askedOf(reason, ifVersion)),
    plan: {
      shape: deletionPlanView,
      make: ({ params, query, gone }) => {
        const topic = topicNamed(castle, query.cluster, params.name)
        return viewDeletionPlan(castle, clients, topic, gone())
      },
    },
  })
}

function addReads(app: FastifyInstance, castle: Castle): void {
  addRoute(app, {
    method: 'GET',
    url: '/api/topics',
    tag,
    summary: 'Lists topics, of one cluster or of all.',
    query: Type.Object({ ...inCluster, ...listQuery(['name', 'partitions', 'createdAt']) }, strict),
    answers: [200, listOf(topicSummary)],
    handle: ({ query }) => {
      const cluster = query.cluster === undefined ? undefined : castle.clusterNamed(query.cluster).id
      const isShown = (topic: Topic) => !topic.deleted && (cluster === undefined || topic.cluster === cluster)
      return list(matching(castle.state.all('topic'), isShown), query, {
        name: ({ name, cluster: home }) => `${name}/${home}`,
        sorts: {
          partitions: ({ partitions }) => partitions.length,
          createdAt: ({ createdMs }) => createdMs,
        },
        show: summarizeTopic,
      })
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
    method: 'GET',
    url: '/api/topics/:name/clients',
    tag,
    summary: 'Lists the clients that use a topic, and whether each follows its newest version.',
    params: named,
    query: Type.Object({ ...inCluster, ...pageQuery }, strict),
    answers: [200, listOf(topicClientView)],
    handle: ({ params, query: { cluster, ...query } }) => {
      const topic = topicNamed(castle, cluster, params.name)
      return list(castle.sessions.interestedIn(topicAudience(topic.cluster, topic.name)), query, {
        name: ({ id }) => id,
        show: (session) => viewTopicClient(topic, session),
      })
    },
  })
}

function askedOf(reason: string | undefined, ifVersion: number | undefined) {
  return { ...(reason === undefined ? {} : { reason }), ...(ifVersion === undefined ? {} : { ifVersion }) }
}

/** A cluster that is not there is a problem of the plan like any other. */
function planOf(castle: Castle, body: Omit<NewTopic, 'cluster'> & { readonly cluster?: string }) {
  try {
    return castle.planTopic({ ...body, cluster: castle.clusterNamed(body.cluster).id })
  } catch (error) {
    if (!(error instanceof CastleError)) throw error
    return { problems: [{ field: 'cluster', error }], placement: [], survivesBrokers: 0 }
  }
}

/** Throws TOPIC_UNKNOWN or CLUSTER_UNKNOWN. */
export function topicNamed(castle: Castle, clusterName: string | undefined, name: string): Topic {
  return livingTopic(castle.state, castle.clusterNamed(clusterName).id, name)
}

function topicById(castle: Castle, topicId: string): Topic {
  const topic = castle.state.get('topic', topicId)
  if (topic !== undefined) return topic
  throw new CastleError('TOPIC_UNKNOWN', `the topic with id ${topicId} was deleted at once`, { params: { topicId } })
}

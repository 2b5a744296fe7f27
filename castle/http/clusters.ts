// /api/clusters and /api/brokers: what there is, and how it does.

import { Type } from '@castellan/protocol/json-schema'
import type { FastifyInstance } from 'fastify'
import type { Castle } from '../castle.ts'
import { brokerView, clusterView } from '../views/schemas/clusters.ts'
import { talliesOf, viewBroker, viewCluster } from '../views/views.ts'
import { page, pageOf, pageQuery } from './lists.ts'
import { addRoute } from './routes.ts'

const strict = { additionalProperties: false }

export function addClusters(app: FastifyInstance, castle: Castle): void {
  addRoute(app, {
    method: 'GET',
    url: '/api/clusters',
    tag: 'clusters',
    summary: 'Lists clusters, with their environment and what they can do.',
    query: Type.Object(pageQuery, strict),
    answers: [200, pageOf(clusterView)],
    handle: ({ query }) =>
      page(
        castle.state.all('cluster'),
        ({ id }) => id,
        (cluster) => viewCluster(castle, cluster),
        query,
      ),
  })
  addRoute(app, {
    method: 'PATCH',
    url: '/api/clusters/:id',
    tag: 'clusters',
    summary: 'Says which environment a cluster is of, such as production.',
    params: Type.Object({ id: Type.String({ maxLength: 249 }) }),
    body: Type.Object({ environment: Type.String({ minLength: 1, maxLength: 249 }) }, strict),
    answers: [200, clusterView],
    handle: async ({ params, body }) => viewCluster(castle, await castle.changeCluster(params.id, body.environment)),
  })
  addRoute(app, {
    method: 'GET',
    url: '/api/brokers',
    tag: 'brokers',
    summary: 'Lists brokers: alive or not and why, what they lead, logs out of use, stray logs.',
    query: Type.Object({ cluster: Type.Optional(Type.String({ maxLength: 249 })), ...pageQuery }, strict),
    answers: [200, pageOf(brokerView)],
    handle: ({ query }) => {
      const cluster = query.cluster === undefined ? undefined : castle.clusterNamed(query.cluster).id
      const brokers = [...castle.state.all('broker')].filter((broker) => broker.cluster === (cluster ?? broker.cluster))
      const tallyOf = talliesOf(castle)
      return page(
        brokers,
        ({ id }) => String(id).padStart(10, '0'),
        (broker) => viewBroker(castle, broker, tallyOf(broker.id)),
        query,
      )
    },
  })
}

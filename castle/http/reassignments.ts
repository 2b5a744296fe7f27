// /api/topics/:name/reassignment: other replicas for a topic's partitions, or more, or fewer. Answered when it is on disk that it begins;
// the topic shows how far it is.
import { Type } from '@castellan/protocol/json-schema'
import type { FastifyInstance } from 'fastify'
import type { Castle } from '../castle.ts'
import { livingTopic } from '../topics/change.ts'
import { reassignmentPlanView, viewReassignmentPlan } from '../views/plans.ts'
import { topicView } from '../views/schemas/topics.ts'
import { viewTopic } from '../views/views.ts'
import { addRoute, plannedQuery } from './routes.ts'
import { inCluster, named, reassignmentBody, strict } from './topic-bodies.ts'

export function addReassignments(app: FastifyInstance, castle: Castle): void {
  addRoute(app, {
    method: 'POST',
    url: '/api/topics/:name/reassignment',
    tag: 'topics',
    summary: 'Gives partitions other replicas, or takes back what is under way.',
    description:
      'Nobody leaves before those who come are in sync. What is under way can be replaced by another reassignment. Removed logs are deleted for good.',
    params: named,
    query: Type.Object({ ...inCluster, ...plannedQuery }, strict),
    body: reassignmentBody,
    conditional: true,
    answers: [200, topicView],
    handle: async ({ params, query: { cluster, reason }, body, ifVersion }) => {
      const home = castle.clusterNamed(cluster).id
      const asked = { ...(reason === undefined ? {} : { reason }), ...(ifVersion === undefined ? {} : { ifVersion }) }
      return viewTopic(castle, await castle.reassignments.reassign(home, params.name, body, asked))
    },
    plan: {
      shape: reassignmentPlanView,
      make: ({ params, query, body }) => {
        const topic = livingTopic(castle.state, castle.clusterNamed(query.cluster).id, params.name)
        return viewReassignmentPlan(topic, castle.reassignments.plan(topic, body))
      },
    },
  })
}

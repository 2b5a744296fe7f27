// /api/topics/:name/election: people ask for preferred leaders at once, or for a leader where nobody in sync is left (R7, R8): Castle makes
// no unclean one by itself unless the topic allows it, so a dry run says first who would lead and what may be lost.
import { createHash } from 'node:crypto'
import { Type } from '@castellan/protocol/json-schema'
import type { FastifyInstance } from 'fastify'
import type { Static } from 'typebox'
import type { Castle } from '../castle.ts'
import type { ElectionPlan } from '../election/asked.ts'
import type { ElectionOf } from '../election/elections.ts'
import { CastleError } from '../errors.ts'
import { livingTopic } from '../topics/change.ts'
import { electionPlanView } from '../views/plans.ts'
import { addRoute, plannedQuery } from './routes.ts'
import { electionBody, inCluster, named, strict } from './topic-bodies.ts'

const electionView = Type.Object({
  elected: Type.Integer({ minimum: 1 }),
  /** Those that could not be, and why, in English. */
  refused: Type.Array(Type.Object({ partition: Type.Integer({ minimum: 0 }), why: Type.String() })),
})

export function addElections(app: FastifyInstance, castle: Castle): void {
  addRoute(app, {
    method: 'POST',
    url: '/api/topics/:name/election',
    tag: 'topics',
    summary: 'Elects leaders: the preferred ones at once, or unclean ones where nobody in sync is left.',
    description: 'Answered when it is on disk. An unclean election may lose acknowledged messages, for good.',
    params: named,
    query: Type.Object({ ...inCluster, ...plannedQuery }, strict),
    body: electionBody,
    conditional: true,
    answers: [200, electionView],
    handle: async ({ params: { name }, query: { cluster, reason }, body, ifVersion }) => {
      const home = castle.clusterNamed(cluster).id
      const asked = { ...(reason === undefined ? {} : { reason }), ...(ifVersion === undefined ? {} : { ifVersion }) }
      const { partitions } = await castle.elections.electOf(home, name, electionOf(body), asked)
      const refused = partitions.flatMap(({ partition, errorCode, message = `error ${errorCode}` }) => {
        return errorCode === 0 ? [] : [{ partition, why: message }]
      })
      if (refused.length < partitions.length) return { elected: partitions.length - refused.length, refused }
      const why = refused[0]?.why ?? 'no partition needs it'
      throw new CastleError('NOBODY_ELECTED', `no partition of ${name} got another leader: ${why}`, {
        params: { name, why },
      })
    },
    plan: {
      shape: electionPlanView,
      make: ({ params, query, body }) => {
        const topic = livingTopic(castle.state, castle.clusterNamed(query.cluster).id, params.name)
        const plan = castle.elections.plan(topic, electionOf(body))
        return { version: plan.version, id: idOf(plan), partitions: plan.partitions }
      },
    },
  })
}

function electionOf({ plan: id, ...election }: Static<typeof electionBody>): ElectionOf {
  return id === undefined ? election : { ...election, isShown: (plan) => idOf(plan) === id }
}

/** Of all that it shows, and of what it is for. */
function idOf(plan: ElectionPlan): string {
  return createHash('sha256').update(JSON.stringify(plan)).digest('base64url')
}

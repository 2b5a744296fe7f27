// /api/brokers/:id/give-up: after the store went back in time (R14) topics wait for every broker that may know more of them. One that
// will not come back is given up by a person, never by Castle: what it alone knew is lost with that.
import { Type } from '@castellan/protocol/json-schema'
import type { FastifyInstance } from 'fastify'
import type { Castle } from '../castle.ts'
import { topicsOf } from '../state/state.ts'
import { addRoute, plannedQuery } from './routes.ts'
import { inCluster, strict } from './topic-bodies.ts'

const count = Type.Integer({ minimum: 0 })

export function addRestore(app: FastifyInstance, castle: Castle): void {
  addRoute(app, {
    method: 'POST',
    url: '/api/brokers/:id/give-up',
    tag: 'brokers',
    summary: 'Gives up a broker that topics in doubt wait for: they go on by what the others know.',
    description: 'For good: what only this broker knew of them is lost, as is what only it had of their messages.',
    params: Type.Object({ id: Type.Integer({ minimum: 0, maximum: 2_147_483_647 }) }),
    query: Type.Object({ ...inCluster, ...plannedQuery }, strict),
    answers: [200, Type.Object({ topics: count })],
    handle: async ({ params, query: { cluster, reason } }) => {
      const why = reason === undefined ? 'asked for' : `asked for: ${reason}`
      return { topics: await castle.restore.giveUp(castle.clusterNamed(cluster).id, params.id, why) }
    },
    plan: {
      shape: Type.Object({
        topics: count,
        /** Names, the first hundred; ids of topics whose names only this broker knows. */
        examples: Type.Array(Type.String()),
      }),
      make: ({ params, query: { cluster } }) => {
        const { id } = castle.clusterNamed(cluster)
        const waiting = [...topicsOf(castle.state, id)].filter((topic) => {
          return castle.restore.awaited(topic).includes(params.id)
        })
        const strangers = castle.restore.strangersOf(id, params.id)
        const examples = [...waiting.map(({ name }) => name), ...strangers].slice(0, 100)
        return { topics: waiting.length + strangers.length, examples }
      },
    },
  })
}

// /api/problems: what is wrong at the moment, worst first.
import { Type } from '@castellan/protocol/json-schema'
import type { FastifyInstance } from 'fastify'
import type { Castle } from '../castle.ts'
import { type Problems, problemKey } from '../views/problems.ts'
import { problemView } from '../views/schemas/system.ts'
import { list, listOf, matching, pageQuery } from './lists.ts'
import { addRoute } from './routes.ts'

export function addProblems(app: FastifyInstance, castle: Castle, problems: Problems): void {
  addRoute(app, {
    method: 'GET',
    url: '/api/problems',
    tag: 'castle',
    summary: 'Lists what is wrong at the moment, worst first; at most a second old.',
    query: Type.Object(
      { cluster: Type.Optional(Type.String({ maxLength: 249 })), ...pageQuery },
      { additionalProperties: false },
    ),
    answers: [200, listOf(problemView)],
    handle: ({ query: { cluster: name, ...query } }) => {
      const cluster = name === undefined ? undefined : castle.clusterNamed(name).id
      const shown = matching(problems.all(), (each) => cluster === undefined || each.cluster === cluster)
      return list(shown, query, { name: problemKey, show: (problem) => problem })
    },
  })
}

// /api/clients: what each client should hold and do beside what it says it holds and does; and directives to it.

import { Type } from '@castellan/protocol/json-schema'
import type { Clock } from '@castellan/protocol/runtime'
import type { FastifyInstance } from 'fastify'
import type { Castle } from '../castle.ts'
import { CastleError } from '../errors.ts'
import type { Session } from '../heartbeats/session.ts'
import { clientSummary, clientView } from '../views/schemas/clients.ts'
import { summarizeClient, viewClient } from '../views/views.ts'
import { list, listOf, listQuery, matching } from './lists.ts'
import { addRoute } from './routes.ts'

const strict = { additionalProperties: false }
const tag = 'clients'
const byId = Type.Object({ id: Type.String({ maxLength: 1_000 }) })

export function addClients(app: FastifyInstance, castle: Castle, clock: Clock): void {
  addRoute(app, {
    method: 'GET',
    url: '/api/clients',
    tag,
    summary: 'Lists the clients that Castle hears of, by id.',
    query: Type.Object(
      {
        topic: Type.Optional(Type.String({ maxLength: 249, description: 'Only those that use this topic.' })),
        group: Type.Optional(Type.String({ maxLength: 249, description: 'Only those in this group.' })),
        ...listQuery(['name']),
      },
      strict,
    ),
    answers: [200, listOf(clientSummary)],
    handle: ({ query: { topic, group, ...query } }) => {
      const fits = ({ report }: Session) =>
        report.kind === 'client' &&
        (topic === undefined || report.topics.includes(topic)) &&
        (group === undefined || report.groups.some((each) => each.group === group))
      return list(matching(castle.sessions.all('client'), fits), query, {
        name: ({ id }) => id,
        show: (session) => summarizeClient(castle, session),
      })
    },
  })
  addRoute(app, {
    method: 'GET',
    url: '/api/clients/:id',
    tag,
    summary: 'Shows a client: desired beside actual, when it was heard, and its directives.',
    params: byId,
    answers: [200, clientView],
    handle: ({ params }) => {
      const session = castle.sessions.get('client', params.id)
      if (session !== undefined) return viewClient(castle, session, clock.wallMs())
      const id = params.id.slice(0, 300)
      throw new CastleError('CLIENT_UNKNOWN', `no client '${id}' was heard within its lease`, { params: { id } })
    },
  })
  addRoute(app, {
    method: 'POST',
    url: '/api/clients/:id/directives',
    tag,
    summary: 'Gives a client a directive: to send its whole report, or to reconnect.',
    description:
      'Its outcome shows at GET /api/clients/:id. It dies with this process of the client, or after a minute.',
    params: byId,
    body: Type.Object({ kind: Type.Enum(['report', 'reconnect']) }, strict),
    answers: [202, Type.Object({ id: Type.String() })],
    handle: ({ params, body }) => ({ id: castle.clients.direct(params.id, body.kind) }),
  })
}

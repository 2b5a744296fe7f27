// What all rooms of the API share: a route is declared once, with its schemas, and OpenAPI is made from them.
import type { FastifyInstance } from 'fastify'
import type { Static, TSchema } from 'typebox'
import { CastleError } from '../errors.ts'
import { problemResponses } from './problems.ts'

interface Shapes<Params extends TSchema, Query extends TSchema, Body extends TSchema> {
  readonly params?: Params
  readonly query?: Query
  readonly body?: Body
}

export interface Route<Params extends TSchema, Query extends TSchema, Body extends TSchema>
  extends Shapes<Params, Query, Body> {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly url: string
  readonly tag: string
  /** One line, and where it needs more, more. */
  readonly summary: string
  readonly description?: string
  /** What it answers: the status and the shape; null has no body. */
  readonly answers: readonly [status: number, shape: TSchema | null]
  handle(request: { params: Static<Params>; query: Static<Query>; body: Static<Body> }): unknown
}

const noBody = 'Takes no body: one that is not empty is refused.'

export function addRoute<
  Params extends TSchema = TSchema,
  Query extends TSchema = TSchema,
  Body extends TSchema = TSchema,
>(app: FastifyInstance, route: Route<Params, Query, Body>): void {
  const { method, url, tag, summary, description, params, query, body, answers } = route
  const [status, shape] = answers
  app.route({
    method,
    url,
    schema: {
      tags: [tag],
      summary,
      ...describe(description, method === 'DELETE' && body === undefined ? noBody : undefined),
      ...(params === undefined ? {} : { params }),
      ...(query === undefined ? {} : { querystring: query }),
      ...(body === undefined ? {} : { body }),
      response: { [status]: shape ?? { type: 'null', description: 'Done.' }, ...problemResponses },
    },
    handler: async (request, reply) => {
      // Rather refused than ignored: whoever sends one believes that it counts.
      if (body === undefined && !isEmpty(request.body)) {
        throw new CastleError('REQUEST_WRONG', `${method} ${url} takes no body`, { next: 'Send it without a body.' })
      }
      const result = await route.handle({
        params: request.params as Static<Params>,
        query: request.query as Static<Query>,
        body: request.body as Static<Body>,
      })
      reply.code(status)
      return shape === null ? reply.send() : result
    },
  })
}

function isEmpty(body: unknown): boolean {
  return body === undefined || body === null || body === ''
}

function describe(...parts: readonly (string | undefined)[]): { description?: string } {
  const said = parts.filter((part) => part !== undefined)
  return said.length === 0 ? {} : { description: said.join(' ') }
}

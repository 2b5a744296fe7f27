// What all rooms of the API share: a route is declared once, with its schemas, and OpenAPI is made from them.
import type { FastifyInstance } from 'fastify'
import type { Static, TSchema } from 'typebox'
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
      ...(description === undefined ? {} : { description }),
      ...(params === undefined ? {} : { params }),
      ...(query === undefined ? {} : { querystring: query }),
      ...(body === undefined ? {} : { body }),
      response: { [status]: shape ?? { type: 'null', description: 'Done.' }, ...problemResponses },
    },
    handler: async (request, reply) => {
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

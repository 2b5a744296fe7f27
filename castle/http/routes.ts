// What all rooms of the API share: a route is declared once, with its schemas, and OpenAPI is made from them. What all writes
// have in common is here too: dry runs, the version that a plan was made for, and keys that make two requests one.
//
//   write: If-Match, Idempotency-Key --> seen under this key? --> dryRun ? plan : handle --> answer
import { Type } from '@castellan/protocol/json-schema'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Static, TSchema } from 'typebox'
import { CastleError } from '../errors.ts'
import type { Idempotency, KeptAnswer } from './idempotency.ts'
import { problemResponses, problemText } from './problems.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Answers by Idempotency-Key. */
    idempotency: Idempotency
  }
}

interface Shapes<Params extends TSchema, Query extends TSchema, Body extends TSchema> {
  readonly params?: Params
  readonly query?: Query
  readonly body?: Body
}

interface Given<Params extends TSchema, Query extends TSchema, Body extends TSchema> {
  readonly params: Static<Params>
  readonly query: Static<Query>
  readonly body: Static<Body>
  /** Of If-Match: the version that the sender saw. */
  readonly ifVersion?: number
  /** Aborted when whoever asked is gone. */
  gone(): AbortSignal
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
  /** What `?dryRun=true` answers (200) instead of doing it; its query must have `plannedQuery`. */
  readonly plan?: { readonly shape: TSchema; make(request: Given<Params, Query, Body>): unknown }
  /** Whether it honours If-Match; else the header is refused. */
  readonly conditional?: boolean
  handle(request: Given<Params, Query, Body>): unknown
}

const reason = Type.Optional(Type.String({ maxLength: 500, description: 'Why; it is recorded with the decision.' }))
/** Of writes that can be previewed. */
export const plannedQuery = {
  dryRun: Type.Optional(Type.Boolean({ description: 'Changes nothing, and answers what it would do.' })),
  reason,
}

const noBody = 'Takes no body: one that is not empty is refused.'
const ifMatchDoc = 'The version that the plan showed; refused with 412 PLAN_OUTDATED when there is another by now.'
const keyDoc =
  'Any text of 1 to 200 characters: the same request under the same key within 10 minutes is done once, and answered alike.'

export function addRoute<
  Params extends TSchema = TSchema,
  Query extends TSchema = TSchema,
  Body extends TSchema = TSchema,
>(app: FastifyInstance, route: Route<Params, Query, Body>): void {
  const { method, url, tag, summary, description, params, query, body, answers, plan, conditional = false } = route
  const [status, shape] = answers
  const isWrite = method !== 'GET'
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
      ...(isWrite ? { headers: headersOf(conditional) } : {}),
      response: {
        [status]: shape ?? { type: 'null', description: 'Done.' },
        ...(plan === undefined
          ? {}
          : { 200: status === 200 ? Type.Union([shape ?? Type.Null(), plan.shape]) : plan.shape }),
        ...problemResponses,
      },
    },
    handler: async (request, reply) => {
      // Rather refused than ignored: whoever sends one believes that it counts.
      if (body === undefined && !isEmpty(request.body)) {
        throw new CastleError('REQUEST_WRONG', `${method} ${url} takes no body`, { next: 'Send it without a body.' })
      }
      const ifVersion = isWrite ? versionIn(request, conditional) : undefined
      const given = {
        params: request.params as Static<Params>,
        query: request.query as Static<Query>,
        body: request.body as Static<Body>,
        ...(ifVersion === undefined ? {} : { ifVersion }),
        gone: () => goneSignal(reply),
      }
      const isPlan = plan !== undefined && (request.query as { dryRun?: boolean }).dryRun === true
      if (isPlan) return reply.code(200).send(await plan.make(given))
      const key = isWrite ? keyIn(request) : undefined
      if (key === undefined) {
        const result = await route.handle(given)
        reply.code(status)
        return shape === null ? reply.send() : result
      }
      const answer = await app.idempotency.answer(key, partsOf(request), () =>
        kept(request.id, status, shape !== null, () => route.handle(given)),
      )
      return sendKept(reply, answer)
    },
  })
}

/** Headers have no schema that checks: they are told here, and read below. */
function headersOf(conditional: boolean): TSchema {
  return Type.Object({
    ...(conditional ? { 'If-Match': Type.Optional(Type.String({ description: ifMatchDoc })) } : {}),
    'Idempotency-Key': Type.Optional(Type.String({ description: keyDoc })),
  })
}

/** `"123"` as HTTP writes it, or 123. */
function versionIn({ headers }: FastifyRequest, conditional: boolean): number | undefined {
  const given = headers['if-match']
  if (given === undefined) return undefined
  const digits = /^(?:"(\d{1,16})"|(\d{1,16}))$/.exec(given)
  const version = Number(digits?.[1] ?? digits?.[2])
  if (conditional && Number.isSafeInteger(version)) return version
  const message = conditional
    ? `If-Match is '${given.slice(0, 300)}', but must be one version`
    : 'If-Match is not honoured here'
  throw new CastleError('REQUEST_WRONG', message)
}

function keyIn({ headers }: FastifyRequest): string | undefined {
  const key = headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key === 'string' && key.length >= 1 && key.length <= 200) return key
  throw new CastleError('REQUEST_WRONG', 'Idempotency-Key must be a text of 1 to 200 characters')
}

function partsOf({ method, url, headers, body }: FastifyRequest): string[] {
  return [method, url, headers['if-match'] ?? '', JSON.stringify(body) ?? '']
}

/** What was decided is kept, refusals too; what failed (5xx) was not decided, but for what may have been done all the same. */
async function kept(requestId: string, status: number, hasBody: boolean, handle: () => unknown): Promise<KeptAnswer> {
  try {
    const result = await handle()
    return { status, text: hasBody ? JSON.stringify(result) : '' }
  } catch (error) {
    if (!(error instanceof CastleError) || (error.status >= 500 && error.code !== 'WRITE_UNSURE')) throw error
    return { status: error.status, text: problemText(error, requestId) }
  }
}

function sendKept(reply: FastifyReply, { status, text }: KeptAnswer): FastifyReply {
  reply.code(status)
  if (text === '') return reply.send()
  return reply.type(status >= 400 ? 'application/problem+json' : 'application/json').send(text)
}

function goneSignal({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController()
  raw.once('close', () => controller.abort(new Error('whoever asked is gone')))
  return controller.signal
}

function isEmpty(body: unknown): boolean {
  return body === undefined || body === null || body === ''
}

function describe(...parts: readonly (string | undefined)[]): { description?: string } {
  const said = parts.filter((part) => part !== undefined)
  return said.length === 0 ? {} : { description: said.join(' ') }
}

// Errors as RFC 9457 problem documents: what happened, with names and values, and what to do next. Everything that goes
// wrong leaves by here, so that no client ever has to read two shapes.

import type { Logger } from '@castellan/protocol/runtime'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Type, { type Static } from 'typebox'
import { CastleError } from '../errors.ts'

export const problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  /** One of castle/errors.ts. */
  code: Type.String(),
  /** What to do, a sentence. */
  next: Type.String(),
  /** The request's id, as in Castle's log. */
  instance: Type.String(),
})
type Problem = Static<typeof problem>

export function answerProblems(app: FastifyInstance, log: Logger): void {
  app.setErrorHandler<FastifyError | Error>((error, request, reply) => {
    const known = error instanceof CastleError ? error : asCastleError(error)
    if (known.status >= 500) {
      log.error({ request: request.id, url: request.url, error }, 'a request failed')
    }
    return sendProblem(known, statusOf(error) ?? known.status, request, reply)
  })
  app.setNotFoundHandler((request, reply) => {
    const what = `there is no ${request.method} ${request.url.slice(0, 500)}`
    return sendProblem(new CastleError('NOT_FOUND', what), 404, request, reply)
  })
}

function sendProblem(
  { code, message, next }: CastleError,
  status: number,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const name = code.toLowerCase()
  const body: Problem = {
    type: `urn:castellan:problem:${name.replaceAll('_', '-')}`,
    title: name.replaceAll('_', ' '),
    status,
    detail: `${message}. ${next}`,
    code,
    next,
    instance: request.id,
  }
  if (status === 503) reply.header('retry-after', '1')
  return reply.code(status).type('application/problem+json').send(JSON.stringify(body))
}

/** Fastify's own refusals (a body too long, JSON that is none, ...) keep their status and words, and get our shape. */
function asCastleError(error: FastifyError | Error): CastleError {
  const isRefusal = (statusOf(error) ?? 500) < 500
  if (isRefusal) return new CastleError('REQUEST_WRONG', error.message.replace(/\.$/, ''), { cause: error })
  return new CastleError('INTERNAL', 'Castle failed in a way it did not expect', { cause: error })
}

function statusOf(error: FastifyError | Error): number | undefined {
  return 'statusCode' in error ? error.statusCode : undefined
}

/** For OpenAPI: what any call may answer instead. */
export const problemResponses = {
  '4xx': {
    description: 'Refused: the document says what to do.',
    content: { 'application/problem+json': { schema: problem } },
  },
  '5xx': {
    description: 'Failed: the document says what to do.',
    content: { 'application/problem+json': { schema: problem } },
  },
}

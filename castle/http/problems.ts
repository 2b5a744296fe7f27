// Errors as RFC 9457 problem documents: what happened, with names and values, and what to do next. Everything that goes
// wrong leaves by here, so that no client ever has to read two shapes.

import type { Duplex } from 'node:stream'
import { Type } from '@castellan/protocol/json-schema'
import type { Logger } from '@castellan/protocol/runtime'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify'
import type { Static } from 'typebox'
import { CastleError } from '../errors.ts'
import { isForPage, sendPage } from './console.ts'

export const problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  /** One of castle/errors.ts. */
  code: Type.String(),
  /** What to do, a sentence. */
  next: Type.String(),
  /** Names and values of `detail`: with `code`, all that is needed to say it in another language. */
  params: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()])),
  /** The request's id, as in Castle's log; empty where there was no request yet. */
  requestId: Type.String(),
  /** The same, under RFC 9457's name. */
  instance: Type.String(),
})
type Problem = Static<typeof problem>

/** What goes wrong before there is a route: a URL that cannot be decoded, and what is no HTTP at all. */
export const earlyProblems: Pick<FastifyServerOptions, 'frameworkErrors' | 'clientErrorHandler'> = {
  frameworkErrors: (error, request, reply) => {
    sendProblem(asCastleError(error), statusOf(error) ?? 400, request, reply)
  },
  clientErrorHandler: (error, socket) => {
    const [status, what] = clientErrors[error.code] ?? [400, 'this is no HTTP request that can be read']
    endWithProblem(socket, new CastleError('REQUEST_WRONG', what, { cause: error }), status)
  },
}

const clientErrors: Readonly<Record<string, [status: number, what: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request did not come in time'],
  HPE_HEADER_OVERFLOW: [431, 'the headers are too long'],
}

export function answerProblems(app: FastifyInstance, log: Logger, hasPage: boolean): void {
  app.setErrorHandler<FastifyError | Error>((error, request, reply) => {
    const known = error instanceof CastleError ? error : asCastleError(error)
    if (known.status >= 500) {
      log.error({ request: request.id, url: request.url, error }, 'a request failed')
    }
    return sendProblem(known, statusOf(error) ?? known.status, request, reply)
  })
  app.setNotFoundHandler((request, reply) => {
    if (hasPage && isForPage(request)) return sendPage(reply)
    const what = `there is no ${request.method} ${request.url.slice(0, 500)}`
    return sendProblem(new CastleError('NOT_FOUND', what), 404, request, reply)
  })
}

function sendProblem(error: CastleError, status: number, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (status === 503) reply.header('retry-after', '1')
  const body = problemOf(error, status, request.id)
  return reply.code(status).type('application/problem+json').send(JSON.stringify(body))
}

/** A problem as it is sent. */
export function problemText(error: CastleError, requestId: string): string {
  return JSON.stringify(problemOf(error, error.status, requestId))
}

/** Ends a connection that fastify does not answer on: one that was to be upgraded, or that never spoke HTTP. */
export function endWithProblem(socket: Duplex, error: CastleError, status: number = error.status): void {
  if (socket.destroyed || !socket.writable) return void socket.destroy()
  const body = JSON.stringify(problemOf(error, status, ''))
  const head = [
    `HTTP/1.1 ${status} ${process.getBuiltinModule('node:http').STATUS_CODES[status] ?? ''}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  // A peer that does not close its side either would keep the socket.
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

function problemOf({ code, message, next, params }: CastleError, status: number, requestId: string): Problem {
  const name = code.toLowerCase()
  return {
    type: `urn:castellan:problem:${name.replaceAll('_', '-')}`,
    title: name.replaceAll('_', ' '),
    status,
    detail: `${message}. ${next}`,
    code,
    next,
    params,
    requestId,
    instance: requestId,
  }
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

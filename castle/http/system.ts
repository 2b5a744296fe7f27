// What is not about one kind of thing: health, metrics, decisions, and heartbeats for those who have no WebSocket.

import { HeartbeatMessageError, heartbeat, messageBytesMax, parseFromSender } from '@castellan/protocol/heartbeat'
import { Type } from '@castellan/protocol/json-schema'
import type { LoopWatch } from '@castellan/protocol/runtime'
import type { FastifyInstance } from 'fastify'
import type { Castle } from '../castle.ts'
import { CastleError } from '../errors.ts'
import { decisionView, healthView } from '../views/schemas/system.ts'
import { viewDecision, viewHealth } from '../views/views.ts'
import { page, pageOf, pageQuery } from './lists.ts'
import type { Metrics } from './metrics.ts'
import { problemResponses } from './problems.ts'
import { addRoute } from './routes.ts'

const tag = 'castle'
/** Decisions are listed newest first: their keys count down. */
const numberMax = 999_999_999_999

/** Of the process that Castle runs in. */
export interface ProcessFacts {
  readonly release: string
  readonly loop: LoopWatch
}

export function addSystem(app: FastifyInstance, castle: Castle, { release, loop }: ProcessFacts): void {
  addRoute(app, {
    method: 'GET',
    url: '/api/health',
    tag,
    summary: 'Whether this Castle is in charge, and how its clusters are.',
    answers: [200, healthView],
    handle: () => viewHealth(castle, { release, pid: process.pid, uptimeMs: Math.round(process.uptime() * 1_000) }),
  })
  addRoute(app, {
    method: 'GET',
    url: '/api/decisions',
    tag,
    summary: 'What Castle decided, when and why; newest first.',
    query: Type.Object(
      {
        about: Type.Optional(Type.String({ maxLength: 600, description: 'Such as broker/2 or topic/<id>.' })),
        ...pageQuery,
      },
      { additionalProperties: false },
    ),
    answers: [200, pageOf(decisionView)],
    handle: ({ query: { about, ...query } }) => {
      const decisions = [...castle.state.all('decision')].filter(
        (each) => about === undefined || each.about.includes(about),
      )
      return page(decisions, ({ number }) => String(numberMax - number).padStart(12, '0'), viewDecision, query)
    },
  })
  // Made at the first scrape: what it shows is counted anyway, and a start need not wait until prom-client is loaded.
  let making: Promise<Metrics> | undefined
  app.get('/metrics', { schema: { hide: true } }, async (_, reply) => {
    making ??= import('./metrics.ts').then((module) => new module.Metrics(castle, loop))
    const metrics = await making
    return reply.type(metrics.contentType).send(await metrics.text())
  })
  addHeartbeat(app, castle)
}

/** The body is read as a link's message is, by the same checks: unknown fields are ignored here. */
function addHeartbeat(app: FastifyInstance, castle: Castle): void {
  app.route({
    method: 'POST',
    url: '/heartbeat',
    bodyLimit: messageBytesMax,
    schema: {
      tags: [tag],
      summary: 'A heartbeat without WebSocket: the same messages, but nothing can be pushed.',
      response: { 200: Type.Unknown({ description: 'The answer; see protocol/heartbeat.' }), ...problemResponses },
    },
    config: { swaggerTransform: ({ schema, url }) => ({ schema: { ...schema, body: heartbeat }, url }) },
    handler: async (request, reply) => {
      try {
        const message = parseFromSender(JSON.stringify(request.body))
        if (message?.type !== 'heartbeat') throw new CastleError('REQUEST_WRONG', 'the body is no heartbeat')
        return await reply.type('application/json').send(await castle.heartbeat(message))
      } catch (error) {
        if (!(error instanceof HeartbeatMessageError)) throw error
        throw new CastleError('REQUEST_WRONG', error.message, { cause: error })
      }
    },
  })
}

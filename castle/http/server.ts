// Castle's face to the world: the HTTP API, its description, and the links of /link, on one address.
//
//   /api/...    fastify: schema --> handler --> castle        errors leave as problem documents
//   /...        the console's page, where it has one
//   /link       ws: an upgraded connection becomes a Link --> castle.accept

import type { Address, Logger, Runtime } from '@castellan/protocol/runtime'
import fastify, { type FastifyInstance } from 'fastify'
import { ClusterClients } from '../browse/cluster-clients.ts'
import type { Castle } from '../castle.ts'
import type { CastleConfig } from '../config.ts'
import { CastleError, messageOf } from '../errors.ts'
import { Problems } from '../views/problems.ts'
import { addClients } from './clients.ts'
import { addClusters } from './clusters.ts'
import { serveConsole } from './console.ts'
import { addElections } from './elections.ts'
import { GroupOffsets } from './group-offsets.ts'
import { addGroups } from './groups.ts'
import { refuseForeign, refuseHost } from './hosts.ts'
import { Idempotency } from './idempotency.ts'
import { LinkServer } from './links.ts'
import { addMessages } from './messages.ts'
import { addDescription } from './openapi.ts'
import { answerProblems, earlyProblems } from './problems.ts'
import { addProblems } from './problems-list.ts'
import { addReassignments } from './reassignments.ts'
import { addRestore } from './restore.ts'
import { addStream, StreamServer } from './stream.ts'
import { addSystem, type ProcessFacts } from './system.ts'
import { addTopics } from './topics.ts'
import { compileValidator } from './validation.ts'

/** Of a request to the API; heartbeats by POST say themselves how long they may be. */
const bodyBytesMax = 2 * 1024 * 1024

export interface HttpServer {
  /** With the port that the system chose when 0 was asked. */
  readonly address: Address
  /** The API without a network, for tests. */
  readonly app: FastifyInstance
  close(): Promise<void>
}

/** Listens. Rejects with a CastleError when the address cannot be had. */
export async function serveHttp(
  castle: Castle,
  config: Pick<CastleConfig, 'listen' | 'insecure' | 'consoleFolder'>,
  runtime: Runtime,
  log: Logger,
  facts: ProcessFacts,
): Promise<HttpServer> {
  const { listen, consoleFolder } = config
  const hostRefusal = (host: string | undefined) => refuseHost(host, config)
  const app = fastify({
    ...earlyProblems,
    bodyLimit: bodyBytesMax,
    routerOptions: { maxParamLength: 1_000 },
    forceCloseConnections: 'idle',
    requestIdHeader: false,
    genReqId: requestIds(castle),
    schemaController: noCompilers,
  })
  app.setValidatorCompiler(compileValidator)
  // Views are made to their schemas; a test holds them to it (http.test.ts).
  app.setSerializerCompiler(() => (value) => JSON.stringify(value))
  answerProblems(app, log, consoleFolder !== '')
  readEmptyBodies(app)
  app.decorate('idempotency', new Idempotency(runtime.clock))
  app.addHook('onRequest', async ({ method, headers }, reply) => {
    reply.header('x-content-type-options', 'nosniff')
    const refused = hostRefusal(headers.host) ?? (isSafe(method) ? undefined : refuseForeign(headers))
    if (refused !== undefined) throw refused
  })
  addDescription(app, facts.release)
  const clients = new ClusterClients(() => castle.state, runtime, log)
  const problems = new Problems(castle, runtime.clock)
  addSystem(app, castle, facts)
  addClusters(app, castle)
  addTopics(app, castle, clients)
  addReassignments(app, castle)
  addElections(app, castle)
  addRestore(app, castle)
  addMessages(app, castle, clients)
  addProblems(app, castle, problems)
  const streams = new StreamServer(castle, runtime.clock, problems)
  addStream(app, streams)
  addGroups(app, castle, new GroupOffsets(castle, clients))
  addClients(app, castle, runtime.clock)
  if (consoleFolder !== '') await serveConsole(app, consoleFolder, runtime.clock)
  const links = new LinkServer(app.server, castle, hostRefusal)
  await listenOn(app, listen)
  problems.watch()
  const bound = app.server.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : listen.port
  return {
    app,
    address: { host: listen.host, port },
    close: async () => {
      links.close()
      streams.close()
      problems.close()
      clients.close()
      await app.close()
    },
  }
}

/** Instead of fastify's own, which are replaced at once anyway, and whose loading would be a tenth of Castle's start. */
const noCompilers = {
  compilersFactory: {
    buildValidator: () => () => never('validator'),
    buildSerializer: () => () => never('serializer'),
  },
}

function never(what: string): never {
  throw new Error(`a route was added before the ${what} was set`)
}

/** Some clients send a content type with every request: an empty body is none, and the schema says whether that will do. */
function readEmptyBodies(app: FastifyInstance): void {
  // What a page of another site could send without asking first.
  app.removeContentTypeParser('text/plain')
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, text, done) => {
    if (text === '') done(null, undefined)
    else parse(request, text, done)
  })
}

/** Changes nothing, by HTTP's word and ours. */
function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
}

async function listenOn(app: FastifyInstance, { host, port }: Address): Promise<void> {
  try {
    await app.listen({ host, port, backlog: 4_096 })
  } catch (cause) {
    await app.close()
    const why = (cause as { code?: string }).code === 'EADDRINUSE' ? 'another process listens there' : messageOf(cause)
    throw new CastleError('LISTEN_FAILED', `Castle cannot listen on ${host}:${port}: ${why}`, { cause })
  }
}

/** Unique across restarts, and short: the Castle epoch and a count. */
function requestIds(castle: Castle): () => string {
  let count = 0
  return () => `${castle.castleEpoch}-${++count}`
}

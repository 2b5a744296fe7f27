// /api/stream: server-sent events, one stream for each open page: which of the things that it shows changed. Bounded: so many
// streams, so many subjects each, and whoever does not read is cut off (a browser connects again by itself).
//
//   event: change   data: {"subject":"topics","version":...}     one for each subject at the beginning, then as they change
//   event: beat     data: {"castleEpoch":1,"wallMs":...}         each second: Castle is there
import type { ServerResponse } from 'node:http'
import { Type } from '@castellan/protocol/json-schema'
import type { Clock, Timer } from '@castellan/protocol/runtime'
import type { FastifyInstance } from 'fastify'
import type { Castle } from '../castle.ts'
import { CastleError } from '../errors.ts'
import type { Problems } from '../views/problems.ts'
import { refuseForeign } from './hosts.ts'
import { problemResponses } from './problems.ts'

const streamsMax = 200
const subjectsMax = 100
/** Unsent bytes of a stream beyond which its reader is taken to be gone. */
const unsentBytesMax = 64 * 1024
const beatMs = 1_000

const lists = ['brokers', 'topics', 'groups', 'clients', 'decisions', 'problems']
const oneOf = /^(?:topic|group)\/[^/]+\/.+$|^client\/.+$/s

interface Stream {
  readonly response: ServerResponse
  readonly ends: (() => void)[]
}

export class StreamServer {
  readonly #castle: Castle
  readonly #clock: Clock
  readonly #problems: Problems
  readonly #streams = new Set<Stream>()
  #beat: Timer | undefined
  /** As last compared. */
  #problemsText = ''

  constructor(castle: Castle, clock: Clock, problems: Problems) {
    this.#castle = castle
    this.#clock = clock
    this.#problems = problems
  }

  get count(): number {
    return this.#streams.size
  }

  /** Takes the response over. Throws BUSY, and REQUEST_WRONG for subjects that there are not. */
  open(response: ServerResponse, subjects: string): void {
    const names = namesIn(subjects)
    if (this.#streams.size >= streamsMax) {
      throw new CastleError('BUSY', `${streamsMax} pages are open, the most there may be`, {
        params: { streams: streamsMax },
      })
    }
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      // Once it is over there is nothing more to be had here: Castle stops without waiting for it.
      connection: 'close',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    })
    const stream: Stream = { response, ends: [] }
    this.#streams.add(stream)
    response.on('close', () => this.#close(stream))
    response.on('error', () => this.#close(stream))
    this.#send(stream, `retry: ${beatMs}\n\n`)
    for (const [name, given] of names) this.#watch(stream, name, given)
    this.#send(stream, this.#beatText())
    this.#beatLater()
  }

  close(): void {
    this.#beat?.cancel()
    this.#beat = undefined
    for (const stream of [...this.#streams]) {
      this.#close(stream)
      stream.response.end()
    }
  }

  #watch(stream: Stream, name: string, given: string): void {
    const tell = (version: number) => {
      this.#send(stream, `event: change\ndata: ${JSON.stringify({ subject: given, version })}\n\n`)
    }
    const { hub } = this.#castle
    // The page asks for them as they are now: what was compared before nobody looked is no news.
    if (name === 'problems' && !hub.watches(name)) this.#problemsText = JSON.stringify(this.#problems.all())
    const { version, end } = hub.watch(name, (_, newer) => tell(newer))
    stream.ends.push(end)
    tell(version)
  }

  #send(stream: Stream, text: string): void {
    const { response } = stream
    if (response.destroyed || response.writableEnded) return
    if (response.writableLength > unsentBytesMax) response.destroy()
    else response.write(text)
  }

  #close(stream: Stream): void {
    if (!this.#streams.delete(stream)) return
    for (const end of stream.ends) end()
  }

  #beatLater(): void {
    this.#beat ??= this.#clock.after(beatMs, () => {
      this.#beat = undefined
      if (this.#streams.size === 0) return
      this.#lookAtProblems()
      const text = this.#beatText()
      for (const stream of [...this.#streams]) this.#send(stream, text)
      this.#beatLater()
    })
  }

  #beatText(): string {
    const { castleEpoch } = this.#castle
    return `event: beat\ndata: ${JSON.stringify({ castleEpoch, wallMs: this.#clock.wallMs() })}\n\n`
  }

  /** Problems come with time, too: so they are compared rather than told of. */
  #lookAtProblems(): void {
    const { hub } = this.#castle
    if (!hub.watches('problems')) return
    const text = JSON.stringify(this.#problems.all())
    if (text !== this.#problemsText) hub.touch('problems')
    this.#problemsText = text
  }
}

/** Each subject as it is named here, and as it was written: percent-encoded where it has commas. Throws REQUEST_WRONG. */
export function namesIn(subjects: string): Map<string, string> {
  const given = subjects.split(',')
  if (given.length > subjectsMax) throw wrong(`has ${given.length} subjects (limit: ${subjectsMax})`, subjects)
  const names = new Map<string, string>()
  for (const each of given) {
    const name = decoded(each)
    if (name === undefined || name.length > 1_000 || !(lists.includes(name) || oneOf.test(name))) {
      const kinds = [...lists, 'topic/<cluster>/<name>', 'group/<cluster>/<name>', 'client/<id>'].join(', ')
      throw wrong(`has '${each.slice(0, 300)}', but must be of ${kinds}`, each)
    }
    names.set(name, each)
  }
  return names
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}

function wrong(what: string, subjects: string): CastleError {
  const params = { subjects: subjects.slice(0, 300) }
  return new CastleError('REQUEST_WRONG', `'subjects' in the query ${what}`, { params })
}

export function addStream(app: FastifyInstance, streams: StreamServer): void {
  app.route<{ Querystring: { subjects: string } }>({
    method: 'GET',
    url: '/api/stream',
    schema: {
      tags: ['castle'],
      summary: 'Tells by server-sent events which of the subjects named changed.',
      description:
        'Hints: what changed is fetched by GET. Events: `change` with {subject, version}, once for each subject at the beginning; `beat` with {castleEpoch, wallMs} each second.',
      querystring: Type.Object(
        {
          subjects: Type.String({
            minLength: 1,
            maxLength: 12_000,
            description: `Up to ${subjectsMax}, with commas between: ${lists.join(', ')}, topic/<cluster>/<name>, group/<cluster>/<name>, client/<id>; each percent-encoded by itself where it has a comma.`,
          }),
        },
        { additionalProperties: false },
      ),
      response: {
        200: {
          description: 'Events, without end.',
          content: { 'text/event-stream': { schema: Type.String() } },
        },
        ...problemResponses,
      },
    },
    handler: async (request, reply) => {
      const refused = refuseForeign(request.headers)
      if (refused !== undefined) throw refused
      streams.open(reply.raw, request.query.subjects)
      return reply.hijack()
    },
  })
}

// Castle's HTTP API as commands use it. What Castle refuses, it explains (RFC 9457): that is what the person gets to read.
import { randomUUID } from 'node:crypto'
import type { Input, Option } from './command.ts'
import { CommandError, type Outcome, UsageError } from './errors.ts'

/** The code of the error when nothing answers at the address. */
export const castleUnreachable = 'CASTLE_UNREACHABLE'

export const castleOption: Option = {
  name: 'castle',
  value: 'URL',
  doc: 'Where Castle answers; several with commas (or CASTELLAN_CASTLE in the environment).',
  variable: 'CASTELLAN_CASTLE',
  default: 'http://127.0.0.1:8600',
}

export const clusterOption: Option = {
  name: 'cluster',
  value: 'NAME',
  doc: 'Of several clusters, which. [the first by name]',
}

/** A command waits so long for Castle; a service would wait for ever. */
export const connectTimeoutMs = 5_000
/** Asking the brokers for offsets takes Castle up to three seconds. */
const answerTimeoutMs = 15_000

type Query = Readonly<Record<string, string | boolean | undefined>>

/** What a write is made with. */
export interface WriteOptions {
  readonly query?: Query
  /** Refused when the thing has another version by now. */
  readonly version?: number
}

export interface CastleApi {
  get<T>(path: string, query?: Query): Promise<T>
  post<T>(path: string, body: object, options?: WriteOptions): Promise<T>
  patch<T>(path: string, body: object, options?: WriteOptions): Promise<T>
  delete<T>(path: string, options?: WriteOptions): Promise<T>
  /** All items of a list, page by page. */
  list<T>(path: string, query?: Query): Promise<T[]>
}

export class CastleApiError extends CommandError {
  readonly code: string

  constructor(code: string, message: string, outcome: Outcome, cause?: unknown) {
    super(message, { outcome, cause })
    this.code = code
  }
}

export function apiOf(input: Input): CastleApi {
  return castleApi(castleUrls(input))
}

/** Throws a UsageError for what is no URL. */
export function castleUrls(input: Input): string[] {
  const where = input.isSet('castle') ? '--castle' : 'CASTELLAN_CASTLE'
  const urls = (input.text('castle') ?? '').split(',').map((text) => text.trim())
  for (const url of urls) {
    if (isOrigin(url)) continue
    throw new UsageError(
      `${where} is '${url}', but must be a URL such as http://127.0.0.1:8600, with nothing behind it.`,
    )
  }
  return urls
}

/** A path, a query or a password would be dropped without a word. */
function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, pathname, search, username, password } = new URL(text)
  return /^https?:$/.test(protocol) && pathname === '/' && search + username + password === ''
}

/** Asks the first of the addresses that answers. */
export function castleApi(urls: readonly string[], timeoutMs = answerTimeoutMs): CastleApi {
  const call = <T>(method: string, path: string, body?: object, { query, version }: WriteOptions = {}) => {
    // The key makes repeating a write harmless: one that was carried out is answered as before.
    const key: Record<string, string> = method === 'GET' ? {} : { 'idempotency-key': randomUUID() }
    const ifMatch: Record<string, string> = version === undefined ? {} : { 'if-match': String(version) }
    const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
    const payload = body === undefined ? {} : { body: JSON.stringify(body) }
    const headers = { ...key, ...ifMatch, ...type }
    return request<T>(urls, withQuery(path, query), { method, headers, ...payload }, timeoutMs)
  }
  return {
    get: (path, query) => call('GET', path, undefined, query === undefined ? {} : { query }),
    post: (path, body, options) => call('POST', path, body, options),
    patch: (path, body, options) => call('PATCH', path, body, options),
    delete: (path, options) => call('DELETE', path, undefined, options),
    async list<T>(path: string, query: Query = {}) {
      const all: T[] = []
      for (let after: string | undefined, more = true; more; ) {
        const page: { items?: T[]; next?: string | null } = await call('GET', path, undefined, {
          query: { ...query, limit: '1000', after },
        })
        if (!Array.isArray(page?.items)) throw noCastle(urls.join(' or '))
        all.push(...page.items)
        after = page.next ?? undefined
        more = after !== undefined
      }
      return all
    },
  }
}

function withQuery(path: string, query: Query = {}): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  )
  return given.length === 0 ? path : `${path}?${given.join('&')}`
}

type Call = { method: string; headers: Record<string, string>; body?: string }

async function request<T>(urls: readonly string[], path: string, call: Call, timeoutMs: number): Promise<T> {
  const answer = await send(urls, path, call, timeoutMs)
  const { origin, status, text, isJson } = answer
  if (status >= 400) throw refusal(call.method, path, answer)
  if (!isJson && text !== '') throw noCastle(origin)
  try {
    return (text === '' ? undefined : JSON.parse(text)) as T
  } catch (cause) {
    throw noCastle(origin, cause)
  }
}

function noCastle(where: string, cause?: unknown): CastleApiError {
  const sentence = `What answers at ${where} is no Castle: say where Castle is with --castle URL.`
  return new CastleApiError(castleUnreachable, sentence, 'unavailable', cause)
}

interface Answer {
  readonly origin: string
  readonly status: number
  readonly text: string
  readonly isJson: boolean
}

/** Each address twice: a connection may be lost just when it is used, and a repeated write does nothing twice. */
async function send(urls: readonly string[], path: string, call: Call, timeoutMs: number): Promise<Answer> {
  const signal = AbortSignal.timeout(timeoutMs)
  let cause: unknown
  for (const url of [...urls, ...urls]) {
    try {
      const response = await fetch(new URL(path, url), { ...call, signal })
      const isJson = /^application\/(problem\+)?json\b/.test(response.headers.get('content-type') ?? '')
      return { origin: new URL(url).origin, status: response.status, text: await response.text(), isJson }
    } catch (error) {
      if (!(error instanceof TypeError) && !signal.aborted) throw error
      cause = error
    }
    if (signal.aborted) break
  }
  const when = signal.aborted ? ` within ${timeoutMs / 1_000} s` : ''
  const sentence = `Castle does not answer at ${urls.join(' or ')}${when}: start it (castellan start), or say where it is with --castle URL.`
  throw new CastleApiError(castleUnreachable, sentence, 'unavailable', cause)
}

function refusal(method: string, path: string, { origin, status, text }: Answer): CastleApiError {
  const problem = problemOf(text)
  // A proxy may speak in Castle's place when it is away; whoever knows no such path is another server.
  if (problem.code === undefined && status < 500) return noCastle(origin)
  const sentence = problem.detail ?? problem.title ?? `Castle answered ${status} to ${method} ${path}.`
  return new CastleApiError(problem.code ?? String(status), forPeople(sentence), outcomeOf(status))
}

/** Where Castle names a call of its API that lists what there is, the command that does the same. */
function forPeople(sentence: string): string {
  return sentence.replace(/\(GET \/api\/(topic|group|client)s lists them\)/, '(castellan $1 list shows them)')
}

function outcomeOf(status: number): Outcome {
  if (status === 404) return 'notFound'
  if (status === 400 || status === 422) return 'usage'
  if (status >= 400 && status < 500) return 'refused'
  return status === 502 || status === 503 || status === 504 ? 'unavailable' : 'failed'
}

function problemOf(text: string): { code?: string; title?: string; detail?: string } {
  try {
    return JSON.parse(text) as object
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}

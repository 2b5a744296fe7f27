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
  default: process.env['CASTELLAN_CASTLE'] || 'http://127.0.0.1:8600',
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
  const urls = (input.text('castle') ?? '').split(',').map((text) => text.trim())
  for (const url of urls) {
    if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) continue
    throw new UsageError(`--castle is '${url}', but must be a URL such as http://127.0.0.1:8600.`)
  }
  return urls
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
        const page: { items: T[]; next?: string | null } = await call('GET', path, undefined, {
          query: { ...query, limit: '1000', after },
        })
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
  const { origin, status, text } = await send(urls, path, call, timeoutMs)
  if (status >= 400) throw refusal(call.method, path, status, text)
  try {
    return (text === '' ? undefined : JSON.parse(text)) as T
  } catch (cause) {
    const sentence = `What answers at ${origin} is no Castle: say where Castle is with --castle URL.`
    throw new CastleApiError(castleUnreachable, sentence, 'unavailable', cause)
  }
}

interface Answer {
  readonly origin: string
  readonly status: number
  readonly text: string
}

/** Each address twice: a connection may be lost just when it is used, and a repeated write does nothing twice. */
async function send(urls: readonly string[], path: string, call: Call, timeoutMs: number): Promise<Answer> {
  const signal = AbortSignal.timeout(timeoutMs)
  let cause: unknown
  for (const url of [...urls, ...urls]) {
    try {
      const response = await fetch(new URL(path, url), { ...call, signal })
      return { origin: new URL(url).origin, status: response.status, text: await response.text() }
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

function refusal(method: string, path: string, status: number, text: string): CastleApiError {
  const problem = problemOf(text)
  const sentence = problem.detail ?? problem.title ?? `Castle answered ${status} to ${method} ${path}.`
  return new CastleApiError(problem.code ?? String(status), sentence, outcomeOf(status))
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

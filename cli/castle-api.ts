// Castle's HTTP API as commands use it. What Castle refuses, it explains (RFC 9457): that is what the person gets to read.

import type { Input, Option } from './command.ts'
import { CommandError } from './errors.ts'

/** The code of the error when nothing answers at the address. */
export const castleUnreachable = 'CASTLE_UNREACHABLE'

export const castleOption: Option = {
  name: 'castle',
  value: 'URL',
  doc: 'Where Castle answers (or CASTELLAN_CASTLE in the environment).',
  default: process.env['CASTELLAN_CASTLE'] || 'http://127.0.0.1:8600',
}

/** A command waits so long for Castle; a service would wait for ever. */
export const connectTimeoutMs = 5_000

export interface CastleApi {
  get<T>(path: string): Promise<T>
  post<T>(path: string, body: object): Promise<T>
  patch<T>(path: string, body: object): Promise<T>
  delete<T>(path: string): Promise<T>
  /** All items of a list, page by page. */
  list<T>(path: string): Promise<T[]>
}

export class CastleApiError extends CommandError {
  readonly code: string

  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}

export function apiOf(input: Input): CastleApi {
  return castleApi(input.text('castle') ?? '')
}

export function castleApi(url: string): CastleApi {
  const call = <T>(method: string, path: string, body?: object) => request<T>(url, method, path, body)
  return {
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body),
    patch: (path, body) => call('PATCH', path, body),
    delete: (path) => call('DELETE', path),
    async list<T>(path: string) {
      const all: T[] = []
      for (let next: string | null | undefined = ''; next !== null && next !== undefined; ) {
        const page: { items: T[]; next?: string | null } = await call(
          'GET',
          next === '' ? path : withCursor(path, next),
        )
        all.push(...page.items)
        next = page.next
      }
      return all
    },
  }
}

function withCursor(path: string, cursor: string): string {
  return `${path}${path.includes('?') ? '&' : '?'}after=${encodeURIComponent(cursor)}`
}

async function request<T>(url: string, method: string, path: string, body?: object): Promise<T> {
  const response = await send(url, method, path, body)
  const text = await response.text()
  if (!response.ok) throw refusal(method, path, response.status, text)
  return (text === '' ? undefined : JSON.parse(text)) as T
}

async function send(url: string, method: string, path: string, body?: object): Promise<Response> {
  try {
    const payload =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
    return await fetch(new URL(path, url), { method, ...payload })
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    const sentence = `Castle does not answer at ${url}: start it (npm start), or say where it is with --castle URL.`
    throw new CastleApiError(castleUnreachable, sentence, error)
  }
}

function refusal(method: string, path: string, status: number, text: string): CastleApiError {
  const problem = problemOf(text)
  const sentence = problem.detail ?? problem.title ?? `Castle answered ${status} to ${method} ${path}.`
  return new CastleApiError(problem.code ?? String(status), sentence)
}

function problemOf(text: string): { code?: string; title?: string; detail?: string } {
  try {
    return JSON.parse(text) as object
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}

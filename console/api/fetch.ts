// Calls to Castle's API, typed by whoever calls. Every answer and every silence tells `connection` how Castle is.
import { type Query, searchOf } from '../url/routes.ts'
import { connection } from './connection.ts'
import { ApiError, ownProblem, readProblem } from './problem.ts'

const timeoutMs = 10_000

export interface Call {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Below the root: '/api/topics'. Names in it are encoded by the caller. */
  readonly path: string
  readonly query?: Query
  readonly body?: unknown
  /** The version that the plan was made of: another one now is refused with PLAN_OUTDATED. */
  readonly ifMatch?: number
  /** Makes the second of two equal writes answer what the first did. */
  readonly idempotencyKey?: string
  readonly signal?: AbortSignal
}

/** Resolves with the answer's JSON (null without a body). Rejects with an ApiError, or what `signal` was aborted with. */
export async function call<Answer>({
  method = 'GET',
  path,
  query,
  body,
  ifMatch,
  idempotencyKey,
  signal,
}: Call): Promise<Answer> {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (body !== undefined) headers['content-type'] = 'application/json'
  if (ifMatch !== undefined) headers['if-match'] = String(ifMatch)
  if (idempotencyKey !== undefined) headers['idempotency-key'] = idempotencyKey
  const tooLong = AbortSignal.timeout(timeoutMs)
  const init: RequestInit = {
    method,
    headers,
    signal: signal === undefined ? tooLong : AbortSignal.any([signal, tooLong]),
  }
  if (body !== undefined) init.body = JSON.stringify(body)
  try {
    const response = await fetch(path + searchOf(query ?? {}), init)
    const answer = await readBody(response)
    // A proxy in front of a Castle that is gone answers in its place.
    if (answer === undefined && response.status >= 500) throw new TypeError(`answered ${response.status}`)
    connection.heard()
    if (answer === undefined)
      throw new ApiError(ownProblem('ANSWER_UNREADABLE', 'the answer is no JSON', response.status))
    if (!response.ok) throw new ApiError(readProblem(response.status, answer))
    return answer as Answer
  } catch (error) {
    if (error instanceof ApiError || signal?.aborted === true) throw error
    connection.missed()
    const isSlow = tooLong.aborted
    const detail = isSlow ? 'Castle did not answer within 10 seconds' : 'Castle does not answer'
    throw new ApiError(ownProblem(isSlow ? 'CASTLE_SLOW' : 'CASTLE_AWAY', detail), { cause: error })
  }
}

/** The JSON of a response, null where it has no body, undefined where it is no JSON. */
async function readBody(response: Response): Promise<unknown> {
  const text = await response.text()
  if (text === '') return response.ok ? null : undefined
  if (!(response.headers.get('content-type') ?? '').includes('json')) return undefined
  return JSON.parse(text)
}

export interface List<Item> {
  readonly items: readonly Item[]
  readonly next: string | null
}

/** More than any page shows well; beyond it the page says that there is more. */
const itemsMax = 20_000

/** All items of a list, page by page. `next` of the result is null unless there are more than 20,000. */
export async function callList<Item>(path: string, query: Query = {}, signal?: AbortSignal): Promise<List<Item>> {
  const items: Item[] = []
  let after: string | undefined
  do {
    const more = { ...query, limit: 1_000, after }
    const page = await call<List<Item>>({ path, query: more, ...(signal === undefined ? {} : { signal }) })
    items.push(...page.items)
    after = page.next ?? undefined
  } while (after !== undefined && items.length < itemsMax)
  return { items, next: after ?? null }
}

// What went wrong with a call, as the page shows it: Castle's problem documents (RFC 9457), and what happens before one exists.

/** Castle did not answer (`CASTLE_AWAY`), took too long (`CASTLE_SLOW`), or something else answered (`ANSWER_UNREADABLE`). */
export type OwnCode = 'CASTLE_AWAY' | 'CASTLE_SLOW' | 'ANSWER_UNREADABLE'

export interface Problem {
  readonly status: number
  /** One of castle/errors.ts, or one of ours. */
  readonly code: string
  readonly params: Readonly<Record<string, unknown>>
  /** English: what happened, with names and values. */
  readonly detail: string
  /** English: what to do. */
  readonly next: string
  /** As in Castle's log; '' when no request arrived there. */
  readonly requestId: string
}

export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly problem: Problem

  constructor(problem: Problem, options?: ErrorOptions) {
    super(problem.detail, options)
    this.problem = problem
  }
}

export function ownProblem(code: OwnCode, detail: string, status = 0): Problem {
  return { status, code, params: {}, detail, next: '', requestId: '' }
}

/** Reads a problem document; what lacks a code is not Castle's. */
export function readProblem(status: number, body: unknown): Problem {
  const given = (typeof body === 'object' && body !== null ? body : {}) as Readonly<Record<string, unknown>>
  if (typeof given['code'] !== 'string')
    return ownProblem('ANSWER_UNREADABLE', `answered ${status} without a problem document`, status)
  const text = (name: string) => (typeof given[name] === 'string' ? given[name] : '')
  const params = given['params']
  return {
    status,
    code: given['code'],
    params: typeof params === 'object' && params !== null ? (params as Record<string, unknown>) : {},
    detail: text('detail'),
    next: text('next'),
    requestId: text('requestId') || text('instance'),
  }
}

export function problemOf(error: unknown): Problem {
  if (error instanceof ApiError) return error.problem
  return ownProblem('ANSWER_UNREADABLE', error instanceof Error ? error.message : String(error))
}

/** Whether it is not known if the write was done: nobody answered. */
export function isUnsure({ code }: Problem): boolean {
  return code === 'CASTLE_AWAY' || code === 'CASTLE_SLOW'
}

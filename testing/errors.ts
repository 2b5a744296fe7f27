// What can go wrong with a test platform itself. What services see (CastellanError) and what Castle refuses (CastleError) stay theirs.
const next = {
  OPTION_WRONG: 'Correct the option; the README of @castellan/testing lists them.',
  NAME_UNKNOWN: 'Use one of the names given.',
  WAIT_OVER: 'Read the state above; or give the wait more simulated time: { withinMs }.',
  STOPPED: 'Start another platform; one that was stopped stays so.',
  BROKEN: 'This is a defect of Castellan: please report it with the seed.',
} as const

export type TestingErrorCode = keyof typeof next

export class TestingError extends Error {
  readonly code: TestingErrorCode
  /** What to do. */
  readonly next: string

  constructor(code: TestingErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(`${message}\n${next[code]}`, options)
    this.name = 'TestingError'
    this.code = code
    this.next = next[code]
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

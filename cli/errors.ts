// Trouble that ends a command: one sentence for people, on stderr, that says what to do next; the exit code says whose
// fault it was: 2 how the command was called, 1 anything else.

export class CommandError extends Error {
  readonly exitCode: 1 | 2

  constructor(message: string, options: { exitCode?: 1 | 2; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'CommandError'
    this.exitCode = options.exitCode ?? 1
  }
}

/** The command was not called as it is meant. */
export class UsageError extends CommandError {
  constructor(message: string) {
    super(message, { exitCode: 2 })
    this.name = 'UsageError'
  }
}

/** Node's code of an error (ENOENT, EADDRINUSE, ...) or the code of one of ours. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** Ours, and errors of the other packages that carry a code and what to do next; anything else wants its stack. */
export function isForeseen(error: unknown): boolean {
  return error instanceof CommandError || (error instanceof Error && codeOf(error) !== undefined && 'next' in error)
}

/** What to tell about an error: ours say what to do next; of others the message is all there is. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const next = 'next' in error && typeof error.next === 'string' ? ` ${error.next}` : ''
  const message = error.message === '' ? (codeOf(error) ?? error.name) : error.message
  const stop = next !== '' && !/[.!?]$/.test(message) ? '.' : ''
  return `${message}${stop}${next}`
}

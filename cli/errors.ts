// Trouble that ends a command: one sentence for people, on stderr, that says what to do next; and an exit code for scripts.

/** What the exit code of a command says. */
export const exitCodes = {
  done: { code: 0, doc: 'Done.' },
  failed: { code: 1, doc: 'Failed, or the answer is bad news: `status` found a problem, some messages were not sent.' },
  usage: { code: 2, doc: 'Called wrongly: an unknown name, a missing or wrong value; nothing was done.' },
  notFound: { code: 3, doc: 'What was named does not exist.' },
  refused: {
    code: 4,
    doc: 'Refused: Castle or a broker does not allow it, or it was changed by somebody else meanwhile.',
  },
  unavailable: { code: 5, doc: 'Castle or the brokers do not answer, or not in time: try again later.' },
} as const

export type Outcome = keyof typeof exitCodes

export class CommandError extends Error {
  readonly outcome: Outcome

  constructor(message: string, options: { outcome?: Outcome; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'CommandError'
    this.outcome = options.outcome ?? 'failed'
  }
}

/** The command was not called as it is meant. */
export class UsageError extends CommandError {
  constructor(message: string) {
    super(message, { outcome: 'usage' })
    this.name = 'UsageError'
  }
}

/** Codes of the SDK's errors (sdk/errors.ts) that are not just a failure. */
const outcomesOfSdk: Readonly<Record<string, Outcome>> = {
  OPTION_UNKNOWN: 'usage',
  OPTION_WRONG: 'usage',
  TOPIC_UNKNOWN: 'notFound',
  PARTITION_UNKNOWN: 'notFound',
  TOPIC_DELETED: 'notFound',
  CASTLE_UNREACHABLE: 'unavailable',
  CONNECT_FAILED: 'unavailable',
  CONNECTION_LOST: 'unavailable',
  REQUEST_TIMEOUT: 'unavailable',
  NO_BROKER: 'unavailable',
  DELIVERY_TIMEOUT: 'unavailable',
  DELIVERY_UNKNOWN: 'unavailable',
  REFUSED: 'refused',
  GROUP_REFUSED: 'refused',
  COMMIT_REFUSED: 'refused',
  CASTLE_STOPPED_US: 'refused',
}

export function exitCodeOf(error: unknown): number {
  const outcome = error instanceof CommandError ? error.outcome : outcomesOfSdk[codeOf(error) ?? '']
  return exitCodes[outcome ?? 'failed'].code
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

// Trouble that stops a broker or one of its calls: one table, so that each has a code and says what to do next.
// What a Kafka client is to be told is not here: that is a value with Kafka's error code.

const codes = {
  CONFIG_UNKNOWN: 'Remove the setting, or correct its name.',
  CONFIG_WRONG: 'Give the setting a value as described.',
  CONFIG_MISSING: 'Give the setting a value.',
  LISTEN_FAILED: 'Stop what uses the address, or choose another with `listen`.',
  DATA_FOLDER_FOREIGN: 'Use the data folder of this broker, or an empty one.',
  DATA_FOLDER_IN_USE: 'Stop the other process, or give this one a data folder of its own.',
  DATA_FOLDER_VERSION: 'Use the release that wrote the data folder, or an empty folder.',
  DATA_FOLDER_UNUSABLE: 'Make the data folder readable and writable for this user.',
} as const

export type BrokerErrorCode = keyof typeof codes

export class BrokerError extends Error {
  readonly code: BrokerErrorCode
  /** What to do about it, one sentence. */
  readonly next: string

  constructor(code: BrokerErrorCode, message: string, options?: { next?: string; cause?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'BrokerError'
    this.code = code
    this.next = options?.next ?? codes[code]
  }
}

/** Node's code of an error (ENOENT, EADDRINUSE, ...), if it has one. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Where a bug was: for the log of what should not happen. */
export function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined
}

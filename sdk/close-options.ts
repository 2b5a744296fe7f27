// How whatever the SDK makes is closed: by a deadline.
import { checkOptions, durationMs, type Rules } from './options.ts'

export interface CloseOptions {
  /** For handlers to finish and messages to be acknowledged; default 10 s. 0: nothing is waited for. */
  readonly timeoutMs?: number
}

const rules: Rules<CloseOptions> = { timeoutMs: durationMs(10_000) }

/** Throws OPTION_UNKNOWN, OPTION_WRONG: then nothing has been closed. */
export function closeTimeoutMs(options: CloseOptions): number {
  return checkOptions('close', rules, options).timeoutMs!
}

// Which messages are printed, and when it is enough.
import type { Message } from '@castellan/sdk'

export interface Choice {
  /** Only messages with this key. */
  readonly key: string | undefined
  /** Only messages before this time, ms since 1970. */
  readonly beforeMs: number | undefined
  /** Only messages since this time. */
  readonly sinceMs: number | undefined
}

export function isChosen(message: Message, { key, beforeMs, sinceMs }: Choice): boolean {
  if (key !== undefined && message.keyText !== key) return false
  if (beforeMs !== undefined && message.timestampMs >= beforeMs) return false
  return sinceMs === undefined || message.timestampMs >= sinceMs
}

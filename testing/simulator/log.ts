// The log of a simulated process: lines of the run's trace, kept for a person who replays a seed; and how often each was written, for
// a line of the log says which branch of the code was taken.
import type { Logger } from '@castellan/protocol/runtime'
import type { Process } from './process.ts'

/** `counts` has each text with the number of times it was written. */
export function processLog(process: Process, counts: Map<string, number> = new Map()): Logger {
  const { scheduler } = process.machine
  const write = (level: string) => (fields: Record<string, unknown>, message: string) => {
    if (process.dead) return
    counts.set(message, (counts.get(message) ?? 0) + 1)
    if (scheduler.lines === null) return
    scheduler.remark(`${process.name} ${level} ${message} ${JSON.stringify(fields, errorsAsText)}`)
  }
  const log: Logger = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => log,
  }
  return log
}

function errorsAsText(_name: string, value: unknown): unknown {
  return value instanceof Error ? `${value.message}${value.cause ? ` (${String(value.cause)})` : ''}` : value
}

// The log of a simulated process: lines of the run's trace, kept for a person who replays a seed; and how often each was written, for
// a line of the log says which branch of the code was taken.
import type { Logger } from '@castellan/protocol/runtime'
import type { Process } from './process.ts'

export interface LogWatch {
  /** Has each text with the number of times it was written. */
  readonly counts?: Map<string, number>
  /** Hears of lines that say that something failed which must not. */
  readonly onError?: (message: string, fields: Readonly<Record<string, unknown>>) => void
}

/** Its children's fields stand on each of their lines. */
export function processLog(process: Process, watch: LogWatch = {}, own: Record<string, unknown> = {}): Logger {
  const { scheduler } = process.machine
  const { counts, onError } = watch
  const write = (level: string) => (fields: Record<string, unknown>, message: string) => {
    if (process.dead) return
    counts?.set(message, (counts.get(message) ?? 0) + 1)
    if (level === 'error') onError?.(message, { ...own, ...fields })
    if (scheduler.lines === null) return
    scheduler.remark(`${process.name} ${level} ${message} ${fieldsAsText({ ...own, ...fields })}`)
  }
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => processLog(process, watch, { ...own, ...fields }),
  }
}

export function fieldsAsText(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(fields, errorsAsText)
}

function errorsAsText(_name: string, value: unknown): unknown {
  return value instanceof Error ? `${value.message}${value.cause ? ` (${String(value.cause)})` : ''}` : value
}

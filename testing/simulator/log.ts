// The log of a simulated process: lines of the run's trace, kept for a person who replays a seed.
import { type Logger, silentLogger } from '@castellan/protocol/runtime'
import type { Process } from './process.ts'

export function processLog(process: Process): Logger {
  const { scheduler } = process.machine
  if (scheduler.lines === null) return silentLogger
  const write = (level: string) => (fields: Record<string, unknown>, message: string) =>
    scheduler.remark(`${process.name} ${level} ${message} ${JSON.stringify(fields, errorsAsText)}`)
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

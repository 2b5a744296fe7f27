// The logger of a service that gives none: warnings and errors, as one JSON text each, to stderr.
import type { Logger } from '@castellan/protocol/runtime'

export function consoleLogger(bound: Record<string, unknown> = {}): Logger {
  const write = (level: string) => (fields: Record<string, unknown>, message: string) =>
    console.error(JSON.stringify({ level, name: 'castellan', ...bound, ...fields, msg: message }))
  const nothing = () => {}
  return {
    debug: nothing,
    info: nothing,
    warn: write('warn'),
    error: write('error'),
    child: (fields) => consoleLogger({ ...bound, ...fields }),
  }
}

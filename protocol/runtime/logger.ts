// Structured logs, injected: pino in production, silence or a list in tests.

type Log = (fields: Record<string, unknown>, message: string) => void

export interface Logger {
  readonly debug: Log
  readonly info: Log
  readonly warn: Log
  readonly error: Log
  child(fields: Record<string, unknown>): Logger
}

const nothing: Log = () => {}

export const silentLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLogger,
}

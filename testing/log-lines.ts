// The last warnings and errors of all processes of a test platform: not printed, because tests cause trouble on purpose, but shown when
// a wait is over without success.
import type { Logger } from '@castellan/protocol/runtime'

const linesMax = 100

export class LogLines {
  readonly #lines: string[] = []

  /** The last ones, oldest first. */
  last(count: number): readonly string[] {
    return this.#lines.slice(-count)
  }

  /** A log for one process. What it is told goes to `beside`, too. */
  of(name: string, nowMs: () => number, beside?: Logger, context: Record<string, unknown> = {}): Logger {
    const keep = (level: 'warn' | 'error') => (fields: Record<string, unknown>, message: string) => {
      this.#lines.push(
        `${(nowMs() / 1_000).toFixed(3)} s  ${name}: ${message} ${textOf({ ...context, ...fields })}`.trimEnd(),
      )
      if (this.#lines.length > linesMax) this.#lines.shift()
      beside?.[level](fields, message)
    }
    return {
      debug: (fields, message) => beside?.debug(fields, message),
      info: (fields, message) => beside?.info(fields, message),
      warn: keep('warn'),
      error: keep('error'),
      child: (fields) => this.of(name, nowMs, beside?.child(fields), { ...context, ...fields }),
    }
  }
}

function textOf(fields: Record<string, unknown>): string {
  const text = JSON.stringify(fields, (_, value) => (value instanceof Error ? value.message : value))
  return text === '{}' ? '' : text.slice(0, 300)
}

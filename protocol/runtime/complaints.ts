// Log lines about what came through connections and links, at a limited rate: anyone can send garbage, and nobody shall
// fill a disk with lines about it. All of it is counted elsewhere.
import type { Clock } from './clock.ts'
import type { Logger } from './logger.ts'

const intervalMs = 10_000

export class Complaints {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #kinds = new Map<string, { lastMs: number; suppressed: number }>()

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock
    this.#log = log
  }

  /** `kind` is one of few words: each has a line in ten seconds, which says how many there were before it. */
  say(kind: string, fields: Record<string, unknown>, message: string, level: 'warn' | 'error' = 'warn'): void {
    const nowMs = this.#clock.nowMs()
    const before = this.#kinds.get(kind)
    if (before && nowMs - before.lastMs < intervalMs) {
      before.suppressed++
      return
    }
    this.#kinds.set(kind, { lastMs: nowMs, suppressed: 0 })
    this.#log[level]({ ...fields, ...(before && before.suppressed > 0 && { suppressed: before.suppressed }) }, message)
  }
}

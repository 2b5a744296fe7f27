// Directives at the one that follows them: each id is begun at most once by this process, however often Castle
// repeats it, and its outcome is kept by the loop until Castle has it. What is not known is refused with a reason, so
// that an old sender and a new Castle understand each other.
import type { Clock, Logger } from '../runtime/index.ts'
import type { Directive, DirectiveOutcome } from './messages.ts'

export type DirectiveHandlers = Readonly<Record<string, (args: unknown) => Promise<void> | void>>

/** More than Castle ever has outstanding at one sender, so an id that is still repeated is still remembered. */
const begunMax = 4_000

export class Directives {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #handlers: DirectiveHandlers
  readonly #onOutcome: (outcome: DirectiveOutcome) => void
  /** Ids begun by this process, oldest first. */
  readonly #begun = new Set<string>()

  constructor(clock: Clock, log: Logger, handlers: DirectiveHandlers, onOutcome: (outcome: DirectiveOutcome) => void) {
    this.#clock = clock
    this.#log = log
    this.#handlers = handlers
    this.#onOutcome = onOutcome
  }

  run(directives: readonly Directive[]): void {
    for (const directive of directives) {
      if (this.#begun.has(directive.id)) continue
      this.#remember(directive.id)
      void this.#follow(directive)
    }
  }

  async #follow({ id, kind, args }: Directive): Promise<void> {
    const startedMs = this.#clock.nowMs()
    const durationMs = () => this.#clock.nowMs() - startedMs
    const handler = Object.hasOwn(this.#handlers, kind) ? this.#handlers[kind] : undefined
    if (handler === undefined) {
      const known = Object.keys(this.#handlers).join(', ')
      this.#onOutcome({
        id,
        outcome: 'refused',
        reason: `kind '${kind.slice(0, 100)}' is not known here; known: ${known}`,
        durationMs: 0,
      })
      return
    }
    try {
      await handler(args)
      this.#onOutcome({ id, outcome: 'done', durationMs: durationMs() })
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#log.warn({ directive: id, kind, error: reason }, 'a directive failed')
      this.#onOutcome({ id, outcome: 'failed', reason: reason.slice(0, 2_000), durationMs: durationMs() })
    }
  }

  #remember(id: string): void {
    this.#begun.add(id)
    if (this.#begun.size <= begunMax) return
    const [oldest] = this.#begun
    if (oldest !== undefined) this.#begun.delete(oldest)
  }
}

// What keeps a reader waiting, by who does: told once it lasts, and now and then after that, until it is over.
import type { CastellanError } from '@castellan/sdk/kafka'

/** A broker, or that nobody leads. */
type Cause = number | 'nobody'

/** Trouble that lasts so long is told. */
const tellAfterMs = 3_000
const tellAgainAfterMs = 30_000

export class Troubles {
  readonly #tell: (error: CastellanError) => Promise<void>
  readonly #nowMs: () => number
  readonly #since = new Map<Cause, { readonly ms: number; tellAtMs: number }>()

  constructor(tell: (error: CastellanError) => Promise<void>, nowMs = () => performance.now()) {
    this.#tell = tell
    this.#nowMs = nowMs
  }

  get any(): boolean {
    return this.#since.size > 0
  }

  /** True: it has lasted for a while. */
  async add(cause: Cause, error: CastellanError): Promise<boolean> {
    const nowMs = this.#nowMs()
    const trouble = this.#since.get(cause) ?? { ms: nowMs, tellAtMs: nowMs + tellAfterMs }
    this.#since.set(cause, trouble)
    if (nowMs >= trouble.tellAtMs) {
      trouble.tellAtMs = nowMs + tellAgainAfterMs
      await this.#tell(error)
    }
    return nowMs - trouble.ms >= tellAfterMs
  }

  over(cause: Cause): void {
    this.#since.delete(cause)
  }
}

// Two promises of a consumer's life, each settled once: that the group has taken it in, and that it has ended, well or by an error.
import { CastellanError } from '../errors.ts'

export class Lifetime {
  /** Rejects with what ended it before. */
  readonly ready: Promise<void>
  /** Rejects with what ended it. */
  readonly stopped: Promise<void>
  #failure: CastellanError | null = null
  #settleReady!: Settle
  #settleStopped!: Settle

  constructor() {
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject }
    })
    this.stopped = new Promise((resolve, reject) => {
      this.#settleStopped = { resolve, reject }
    })
    // Nobody has to look at these; the error is in the log, and `run` rejects with it.
    for (const promise of [this.ready, this.stopped]) promise.catch(() => {})
  }

  joined(): void {
    this.#settleReady.resolve()
  }

  /** False: something else has ended it before. */
  fail(error: CastellanError): boolean {
    if (this.#failure !== null) return false
    this.#failure = error
    this.#settleReady.reject(error)
    return true
  }

  /** All is done that its end asks for. */
  ended(): void {
    this.#settleReady.reject(new CastellanError('CLOSED', 'the consumer was closed'))
    if (this.#failure === null) this.#settleStopped.resolve()
    else this.#settleStopped.reject(this.#failure)
  }
}

interface Settle {
  resolve(): void
  reject(error: CastellanError): void
}

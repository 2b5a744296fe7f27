// What becomes of a list of messages that were sent together: the place of each, or one error that says it of each.
import { CastellanError, errorKinds } from '../errors.ts'
import type { Outcome, Sent, Settlers } from './types.ts'

/** Some messages of `sendBatch` were not acknowledged. */
export class BatchError extends CastellanError {
  /** Of each message, in the order given. */
  readonly outcomes: readonly Outcome[]

  constructor(outcomes: readonly Outcome[]) {
    const failed = outcomes.filter((one) => one.status !== 'written')
    const perhaps = failed.filter(({ status }) => status === 'perhaps-written').length
    const first = failed[0]!.error
    const count = `${failed.length} of ${outcomes.length} messages were not acknowledged`
    const text = `${count} (${failed.length - perhaps} not written, ${perhaps} perhaps written): ${first.message}`
    super('BATCH_FAILED', text, { cause: first, maybeWritten: perhaps > 0 })
    this.outcomes = outcomes
  }
}

export class BatchSend {
  readonly #outcomes: Outcome[]
  readonly #resolve: (sent: Sent[]) => void
  readonly #reject: (error: BatchError) => void
  #left: number
  #hasFailed = false

  constructor(count: number, resolve: (sent: Sent[]) => void, reject: (error: BatchError) => void) {
    this.#outcomes = new Array<Outcome>(count)
    this.#left = count
    this.#resolve = resolve
    this.#reject = reject
  }

  settlersOf(index: number): Settlers {
    return {
      resolve: (sent) => this.#settle(index, { status: 'written', ...sent }),
      reject: (error) => {
        this.#hasFailed = true
        this.#settle(index, { status: error.maybeWritten ? 'perhaps-written' : 'not-written', error })
      },
    }
  }

  #settle(index: number, outcome: Outcome): void {
    this.#outcomes[index] = outcome
    this.#left--
    if (this.#left > 0) return
    if (this.#hasFailed) this.#reject(new BatchError(this.#outcomes))
    else this.#resolve(this.#outcomes.map((one) => sentOf(one)))
  }
}

function sentOf(outcome: Outcome): Sent {
  if (outcome.status !== 'written') throw outcome.error
  const { partition, offset } = outcome
  return { partition, offset }
}

/** Of a list in which one message cannot be sent: nothing of it is. */
export function refusedAt(index: number, count: number, error: CastellanError): CastellanError {
  const { code, message, cause, issues } = error
  const text = `message ${index} of ${count}, so none was sent: ${message}`
  return new CastellanError(code, text, { cause, issues, next: errorKinds[code].next })
}

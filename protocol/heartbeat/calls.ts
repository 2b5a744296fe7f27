// Calls to Castle that wait for their result. A call is sent once per link; after a broken link it is sent again only
// where that is safe: when it never left, or when the same Castle, which remembers the results of recent calls by
// their ids, is there again. Else its caller is told that nobody knows, rather than that it failed.
import { errors } from '../errors.ts'
import type { Clock, Timer } from '../runtime/index.ts'
import type { Call, Result } from './call-messages.ts'

const waitingMax = 1_000

interface Waiting {
  readonly call: Call
  readonly timer: Timer
  readonly resolve: (result: Result) => void
  /** The Castle epoch under which it was sent; undefined: not yet. */
  sentUnder: number | undefined
  sentOnThisLink: boolean
}

export class Calls {
  readonly #clock: Clock
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Never rejects: trouble is a result with an error code. Call `unsent` afterwards when a link is there. */
  add(method: Call['method'], args: unknown, timeoutMs: number): Promise<Result> {
    this.#lastId += 1
    const id = this.#lastId
    if (this.#waiting.size >= waitingMax) {
      const message = `${waitingMax} calls wait for Castle already: try again later`
      return Promise.resolve({ type: 'result', id, errorCode: errors.THROTTLING_QUOTA_EXCEEDED.code, message })
    }
    return new Promise((resolve) => {
      const timer = this.#clock.after(timeoutMs, () => this.#timedOut(id, timeoutMs))
      const call: Call = { type: 'call', id, method, args }
      this.#waiting.set(id, { call, timer, resolve, sentUnder: undefined, sentOnThisLink: false })
    })
  }

  /** The calls to send on this link now, which counts as done. */
  unsent(castleEpoch: number): Call[] {
    const calls: Call[] = []
    for (const waiting of this.#waiting.values()) {
      if (waiting.sentOnThisLink) continue
      if (waiting.sentUnder !== undefined && waiting.sentUnder !== castleEpoch) {
        const message = `the link to Castle broke after ${waiting.call.method} was sent: look whether it was done`
        this.#finish({ type: 'result', id: waiting.call.id, errorCode: errors.NETWORK_EXCEPTION.code, message })
        continue
      }
      waiting.sentUnder = castleEpoch
      waiting.sentOnThisLink = true
      calls.push(waiting.call)
    }
    return calls
  }

  unlinked(): void {
    for (const waiting of this.#waiting.values()) waiting.sentOnThisLink = false
  }

  onResult(result: Result): void {
    this.#finish(result)
  }

  /** The sender stops: whoever still waits is told so. */
  close(): void {
    for (const id of [...this.#waiting.keys()]) {
      this.#finish({
        type: 'result',
        id,
        errorCode: errors.NETWORK_EXCEPTION.code,
        message: 'the link to Castle was closed',
      })
    }
  }

  #timedOut(id: number, timeoutMs: number): void {
    const sent = this.#waiting.get(id)?.sentUnder !== undefined
    const message = sent
      ? `no result from Castle within ${timeoutMs} ms: look whether it was done`
      : `Castle could not be reached within ${timeoutMs} ms: nothing was done`
    this.#finish({ type: 'result', id, errorCode: errors.REQUEST_TIMED_OUT.code, message })
  }

  #finish(result: Result): void {
    const waiting = this.#waiting.get(result.id)
    if (waiting === undefined) return
    this.#waiting.delete(result.id)
    waiting.timer.cancel()
    waiting.resolve(result)
  }
}

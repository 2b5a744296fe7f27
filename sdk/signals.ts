// Ties the closing of clients to the signals that end a process. One listener serves all clients of the process: whoever comes last to an
// end must not cut the others short.
import type { Clock, Logger } from '@castellan/protocol/runtime'
import { custom, durationMs, optional, type Rules } from './options.ts'

export type Signal = 'SIGTERM' | 'SIGINT'

export interface CloseOnSignalsOptions {
  /** For `before` and the closing together. Default: 10 s. */
  readonly timeoutMs?: number
  /** What has to end first, such as a server whose requests are still sending. */
  readonly before?: () => unknown
  /** Default: both. */
  readonly signals?: readonly Signal[]
}

/** What of Node's `process` this needs. */
export interface SignalSource {
  prependListener(signal: Signal, listener: () => void): unknown
  off(signal: Signal, listener: () => void): unknown
  listenerCount(signal: Signal): number
  exit(code: number): unknown
}

export interface SignalClient {
  readonly clock: Clock
  readonly log: Logger
  readonly signals: readonly Signal[]
  /** Never throws. False: something had to be given up. */
  readonly close: () => Promise<boolean>
}

const both: readonly Signal[] = ['SIGTERM', 'SIGINT']
const numbers: Readonly<Record<Signal, number>> = { SIGTERM: 15, SIGINT: 2 }
/** npm passes on the SIGINT that a terminal has sent to all processes already: not a second wish. */
const sameWishMs = 250

type BeforeRule = Rules<CloseOnSignalsOptions>['before']
const nothing = () => {}
const isSignals = (value: unknown) =>
  Array.isArray(value) && value.length > 0 && value.every((one) => both.includes(one as Signal))

export const signalRules: Rules<CloseOnSignalsOptions> = {
  timeoutMs: durationMs(10_000),
  before: optional(custom('a function', nothing, (value) => typeof value === 'function')) as BeforeRule,
  signals: custom("a list of 'SIGTERM' and 'SIGINT'", both, isSignals),
}

export class Signals {
  readonly #source: SignalSource
  readonly #clients = new Set<SignalClient>()
  readonly #listeners = new Map<Signal, () => void>()
  #firstMs: number | null = null

  constructor(source: SignalSource) {
    this.#source = source
  }

  /** From now on a signal closes this client too. Returns how to end that. */
  add(client: SignalClient): () => void {
    this.#clients.add(client)
    for (const signal of client.signals) this.#listen(signal)
    return () => {
      // Once a signal has come, the next one shall find us.
      if (!this.#clients.delete(client) || this.#firstMs !== null) return
      for (const signal of [...this.#listeners.keys()]) {
        if (![...this.#clients].some((other) => other.signals.includes(signal))) this.#ignore(signal)
      }
    }
  }

  #listen(signal: Signal): void {
    if (this.#listeners.has(signal)) return
    const listener = () => this.#onSignal(signal)
    this.#listeners.set(signal, listener)
    // In front, where it can still see who else listens: `once` listeners are gone when they are called.
    this.#source.prependListener(signal, listener)
  }

  #ignore(signal: Signal): void {
    this.#source.off(signal, this.#listeners.get(signal)!)
    this.#listeners.delete(signal)
  }

  #onSignal(signal: Signal): void {
    const clients = [...this.#clients].filter(({ signals }) => signals.includes(signal))
    const nowMs = [...this.#clients][0]?.clock.nowMs() ?? Number.POSITIVE_INFINITY
    if (this.#firstMs !== null) {
      if (nowMs - this.#firstMs >= sameWishMs) this.#source.exit(128 + numbers[signal])
      return
    }
    this.#firstMs = nowMs
    for (const { log } of clients) log.info({ signal }, 'closing, because of a signal; the next one ends at once')
    const isOurs = this.#source.listenerCount(signal) <= 1
    void Promise.all(clients.map(({ close }) => close())).then((closed) => {
      // Others who listen end the process when they are done.
      if (isOurs) this.#source.exit(closed.every((inGoodOrder) => inGoodOrder) ? 0 : 1)
    })
  }
}

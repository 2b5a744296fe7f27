// How brokers do, as they last told: in memory, for people only. Of brokers that the state knows, so there are few.
import type { BrokerVitals } from '@castellan/protocol/heartbeat'
import type { Clock } from '@castellan/protocol/runtime'

export interface HeardVitals {
  readonly vitals: BrokerVitals
  /** On the wall clock, since 1970. */
  readonly atMs: number
}

/** Told every two seconds: what is older says nothing of now. */
const freshMs = 7_000

export class Vitals {
  readonly #clock: Clock
  readonly #heard = new Map<
    number,
    { readonly vitals: BrokerVitals; readonly atMs: number; readonly heardMs: number }
  >()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  put(brokerId: number, vitals: BrokerVitals): void {
    this.#heard.set(brokerId, { vitals, atMs: this.#clock.wallMs(), heardMs: this.#clock.nowMs() })
  }

  /** Undefined: it does not tell (any more). */
  of(brokerId: number): HeardVitals | undefined {
    const heard = this.#heard.get(brokerId)
    return heard !== undefined && this.#clock.nowMs() - heard.heardMs < freshMs ? heard : undefined
  }
}

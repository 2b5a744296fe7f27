// How brokers do, as they last told: in memory, for people only. Of brokers that the state knows, so there are few; and of some that it does
// not: after a store was emptied those that recover their logs, and cannot register yet, are all that there is to be seen.
import type { BrokerVitals } from '@castellan/protocol/heartbeat'
import type { Clock } from '@castellan/protocol/runtime'

type Recovery = NonNullable<BrokerVitals['recovery']>

export interface HeardVitals {
  readonly vitals: BrokerVitals
  /** On the wall clock, since 1970. */
  readonly atMs: number
}

/** Told every two seconds: what is older says nothing of now. */
const freshMs = 7_000
const strangersMax = 100

export class Vitals {
  readonly #clock: Clock
  readonly #heard = new Map<
    number,
    { readonly vitals: BrokerVitals; readonly atMs: number; readonly heardMs: number }
  >()
  readonly #strangers = new Map<number, { readonly recovery: Recovery; readonly heardMs: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  put(brokerId: number, vitals: BrokerVitals): void {
    this.#strangers.delete(brokerId)
    this.#heard.set(brokerId, { vitals, atMs: this.#clock.wallMs(), heardMs: this.#clock.nowMs() })
  }

  /** Of a broker that the state does not know. */
  putStranger(brokerId: number, recovery: Recovery): void {
    this.#forgetStrangers()
    if (this.#strangers.size >= strangersMax && !this.#strangers.has(brokerId)) return
    this.#strangers.set(brokerId, { recovery, heardMs: this.#clock.nowMs() })
  }

  /** Brokers that recover their logs, and that the state does not know. */
  strangers(): ReadonlyMap<number, { readonly recovery: Recovery }> {
    this.#forgetStrangers()
    return this.#strangers
  }

  #forgetStrangers(): void {
    for (const [brokerId, { heardMs }] of this.#strangers) {
      if (this.#clock.nowMs() - heardMs >= freshMs) this.#strangers.delete(brokerId)
    }
  }

  /** Undefined: it does not tell (any more). */
  of(brokerId: number): HeardVitals | undefined {
    const heard = this.#heard.get(brokerId)
    return heard !== undefined && this.#clock.nowMs() - heard.heardMs < freshMs ? heard : undefined
  }
}

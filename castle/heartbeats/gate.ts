// Arrivals are let in at a rate: after a restart everybody comes at once, and whoever is over the rate is told a time of its
// own to come back at, so that the storm becomes a queue. Senders that are in already are never held up here.

/** Nobody waits longer than this for a next try. */
const comeBackMaxMs = 30_000
/** Arrivals that may come at once after a quiet time, in milliseconds of the rate. */
const burstMs = 200

export class Gate {
  readonly #msPerArrival: number
  /** The time up to which the rate is used up. */
  #usedMs = Number.NEGATIVE_INFINITY
  /** The time up to which those told to come back use it up. */
  #promisedMs = Number.NEGATIVE_INFINITY

  constructor(arrivalsPerSecond: number) {
    this.#msPerArrival = 1_000 / arrivalsPerSecond
  }

  /** 0: come in. Else come back in so many milliseconds. */
  arrive(nowMs: number): number {
    this.#usedMs = Math.max(this.#usedMs, nowMs - Math.max(burstMs, this.#msPerArrival))
    if (this.#usedMs + this.#msPerArrival <= nowMs) {
      this.#usedMs += this.#msPerArrival
      return 0
    }
    this.#promisedMs = Math.max(this.#promisedMs, this.#usedMs, nowMs) + this.#msPerArrival
    if (this.#promisedMs > nowMs + comeBackMaxMs) this.#promisedMs = nowMs + this.#msPerArrival
    return this.#promisedMs - nowMs
  }
}

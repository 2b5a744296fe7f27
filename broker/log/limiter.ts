// At most so many of something at a time; the rest waits in order. Syncs share the thread pool (four threads) with cold
// reads, and must leave some of it to them.

export class Limiter {
  readonly #runningMax: number
  #running = 0
  readonly #waiting: (() => void)[] = []

  constructor(runningMax: number) {
    this.#runningMax = runningMax
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    // The one that ends hands its place on, so nobody who comes later gets in between.
    if (this.#running >= this.#runningMax) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#running++
    try {
      return await task()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running--
      else next()
    }
  }
}

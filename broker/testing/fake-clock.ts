// A clock that stands still until a test moves it.
import type { Clock, Timer } from '@castellan/protocol/runtime'

export class FakeClock implements Clock {
  #nowMs = 0
  #timers: { atMs: number; task: () => void }[] = []
  #soon: (() => void)[] = []

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  bootMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, task: () => void): Timer {
    const timer = { atMs: this.#nowMs + delayMs, task }
    this.#timers.push(timer)
    const cancel = () => {
      this.#timers = this.#timers.filter((one) => one !== timer)
    }
    return { cancel }
  }

  soon(task: () => void): void {
    this.#soon.push(task)
  }

  get timers(): number {
    return this.#timers.length
  }

  /** Ends this turn: promises, then what is due soon, until nothing is left of it. */
  async turn(): Promise<void> {
    await settle()
    while (this.#soon.length > 0) {
      const tasks = this.#soon
      this.#soon = []
      for (const task of tasks) task()
      await settle()
    }
  }

  /** Moves time on, firing timers in their order, each in a turn of its own. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    await this.turn()
    for (;;) {
      const next = this.#timers.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0]
      if (!next) break
      this.#timers = this.#timers.filter((one) => one !== next)
      this.#nowMs = next.atMs
      next.task()
      await this.turn()
    }
    this.#nowMs = endMs
  }
}

/** Lets promises run that are settled already, and those that follow from them. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}

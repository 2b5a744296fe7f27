// When simulated time passes, and when it stands still.
//
//   somebody waits (a wait of the test, a call of the SDK)?    yes: the next event, and the next, as fast as they run
//   ... while a handler works on something outside?            no faster than real time, for a while
//   nobody waits                                               time stands still
//
// So a test says by waiting when anything happens; back-off of minutes takes milliseconds; and a handler that talks to a real server is not
// overtaken by the platform's own timeouts meanwhile.
import { TestingError } from './errors.ts'
import type { Scheduler } from './simulator/index.ts'
import { pause, realNowMs, turn, whenever } from './simulator/real.ts'

interface Wait {
  readonly untilMs: number
  readonly condition: () => boolean
  readonly resolve: (held: boolean) => void
  readonly reject: (error: Error) => void
}

interface Call {
  readonly untilMs: number
  readonly owner: object
}

/** A call that goes on longer keeps time going no more: what it waits for does not come. In simulated time. */
const callMaxMs = 10 * 60_000
/** The steps of real time, and when people are told that nothing moves. */
const realStepMs = 1
const quietMs = 3_000

export interface TimeHooks {
  /** A handler works outside the platform: time does not run ahead of it. (Not so when the test wants to end.) */
  isSlow(): boolean
  /** Nobody has waited for the platform for some real seconds. */
  onQuiet(): void
}

export class Time {
  readonly #scheduler: Scheduler
  readonly #hooks: TimeHooks
  readonly #waits = new Set<Wait>()
  readonly #calls = new Set<Call>()
  #isFlowing = false
  #answered = false
  /** What simulated time has ahead of real time, since it is slow; null: it is not. */
  #aheadMs: number | null = null
  #failure: Error | null = null
  #cancelQuiet = () => {}

  constructor(scheduler: Scheduler, hooks: TimeHooks) {
    this.#scheduler = scheduler
    this.#hooks = hooks
  }

  get nowMs(): number {
    return this.#scheduler.nowMs
  }

  /** It runs no faster than real time now. */
  get isSlow(): boolean {
    return this.#hooks.isSlow()
  }

  /** Lets time pass until `condition`, which is looked at after every event, holds (true), or for `withinMs` (false). */
  pass(withinMs: number, condition: () => boolean = () => false): Promise<boolean> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      this.#waits.add({ untilMs: this.nowMs + withinMs, condition, resolve, reject })
      this.#flow()
    })
  }

  /** Lets time pass while `promise` is pending, and returns it. `owner` is whose call it is. */
  during<T>(promise: Promise<T>, owner: object = this): Promise<T> {
    const call: Call = { untilMs: this.nowMs + callMaxMs, owner }
    this.#calls.add(call)
    const over = () => this.#calls.delete(call)
    promise.then(over, over)
    this.#flow()
    return promise
  }

  /** The calls of a dead process will never be settled. */
  forget(owner: object): void {
    for (const call of this.#calls) if (call.owner === owner) this.#calls.delete(call)
  }

  /** For good. Whoever waits is told why. */
  stop(error: Error): void {
    this.#failure = error
    this.#cancelQuiet()
    for (const wait of this.#waits) wait.reject(error)
    this.#waits.clear()
    this.#calls.clear()
  }

  #flow(): void {
    if (this.#isFlowing || this.#failure !== null) return
    this.#isFlowing = true
    this.#cancelQuiet()
    void this.#run()
  }

  async #run(): Promise<void> {
    try {
      await turn()
      while (this.#settle() || this.#waits.size + this.#calls.size > 0) await this.#next()
      if (this.#failure === null) this.#cancelQuiet = whenever(quietMs, () => this.#hooks.onQuiet())
    } catch (cause) {
      this.stop(new TestingError('BROKEN', `the simulation failed (seed ${this.#scheduler.seed})`, { cause }))
    } finally {
      this.#isFlowing = false // in the same turn in which nobody waited any more
    }
  }

  /** The next event; or none, where somebody was answered, who goes on first and perhaps waits again. */
  async #next(): Promise<void> {
    if (this.#answered) {
      this.#answered = false
      return turn()
    }
    const endMs = Math.min(this.#nextEndMs(), this.#slowEndMs())
    const hasMore = await this.#scheduler.step(endMs)
    if (this.#scheduler.failure !== null) throw this.#scheduler.failure
    if (!hasMore && this.#aheadMs !== null) await pause(realStepMs)
  }

  /** While time is slow: as far as real time has come since it became so. */
  #slowEndMs(): number {
    if (!this.#hooks.isSlow()) {
      this.#aheadMs = null
      return Number.POSITIVE_INFINITY
    }
    this.#aheadMs ??= this.nowMs - realNowMs()
    return realNowMs() + this.#aheadMs
  }

  /** Ends the waits whose condition holds or whose time is over, and forgets calls that take too long. True: somebody was answered. */
  #settle(): boolean {
    for (const wait of this.#waits) {
      const holds = wait.condition()
      if (!holds && this.nowMs < wait.untilMs) continue
      this.#waits.delete(wait)
      wait.resolve(holds)
      this.#answered = true
    }
    for (const call of this.#calls) if (this.nowMs >= call.untilMs) this.#calls.delete(call)
    return this.#answered
  }

  #nextEndMs(): number {
    let endMs = Number.POSITIVE_INFINITY
    for (const { untilMs } of this.#waits) endMs = Math.min(endMs, untilMs)
    for (const { untilMs } of this.#calls) endMs = Math.min(endMs, untilMs)
    return endMs
  }
}

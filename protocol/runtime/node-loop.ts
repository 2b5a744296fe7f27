// How long the event loop of this process was held at a time: nothing is answered meanwhile, no heartbeat either. Each second's longest
// hold is counted, which costs nothing between; what is long enough to look like a death is logged.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Logger } from './logger.ts'
import { RecentMax } from './recent-max.ts'

/** How finely holds are seen. */
const resolutionMs = 5
const lookEveryMs = 1_000
/** Brokers heartbeat every 250 ms. */
const longMs = 250

/** Upper bounds of the counts, in ms; longer ones fall into one more. */
export const holdBoundsMs = [10, 25, 50, 100, 250, 500, 1_000, 2_500] as const

export class LoopWatch {
  readonly #delays = monitorEventLoopDelay({ resolution: resolutionMs })
  readonly #timer: NodeJS.Timeout
  readonly #log: Logger
  readonly #counts = new Array<number>(holdBoundsMs.length + 1).fill(0)
  #sumMs = 0
  #longestMs = 0
  readonly #recent = new RecentMax()

  constructor(log: Logger) {
    this.#log = log
    this.#delays.enable()
    this.#timer = setInterval(() => this.#look(), lookEveryMs).unref()
  }

  /** Seconds by their longest hold: as many as bounds, and one more. */
  get counts(): readonly number[] {
    return this.#counts
  }

  /** Of the longest holds of all seconds, in ms. */
  get sumMs(): number {
    return this.#sumMs
  }

  /** The longest hold since this was last asked, in ms. */
  takeLongestMs(): number {
    const longestMs = Math.max(this.#longestMs, this.#heldMs())
    this.#longestMs = 0
    return longestMs
  }

  /** The longest hold of the last minute, in ms. */
  get longestOfMinuteMs(): number {
    return Math.max(this.#recent.largest(performance.now()), this.#heldMs())
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#delays.disable()
  }

  #look(): void {
    const heldMs = this.#heldMs()
    this.#delays.reset()
    const bucket = holdBoundsMs.findIndex((bound) => heldMs <= bound)
    this.#counts[bucket < 0 ? holdBoundsMs.length : bucket]!++
    this.#sumMs += heldMs
    this.#longestMs = Math.max(this.#longestMs, heldMs)
    this.#recent.note(heldMs, performance.now())
    if (heldMs >= longMs) this.#log.warn({ heldMs: Math.round(heldMs) }, 'the event loop was held')
  }

  #heldMs(): number {
    // Nothing measured yet: `max` is 0, or below the resolution.
    return Math.max(0, this.#delays.max / 1e6 - resolutionMs)
  }
}

// The simulator's only clock and its only source of "what happens next": a queue of events by time.
//
// One event runs, then every promise that it woke, then the next: so a run depends on the seed alone. What
// happens is written to a trace whose hash two runs of one seed must share.
import { createHash, type Hash } from 'node:crypto'
import { SeededRandom } from './random.ts'
import { turn } from './real.ts'

interface Event {
  readonly atMs: number
  readonly order: number
  task: (() => void) | null
}

export interface Scheduled {
  cancel(): void
}

export interface SchedulerOptions {
  /** Keeps the lines of the trace, for a person who replays a seed. */
  readonly keepTrace?: boolean
  /** Default true. Without, nothing can be compared with another run, and time passes faster. */
  readonly trace?: boolean
  /** Wall time at the start, ms since 1970. */
  readonly epochWallMs?: number
}

/** Simulated wall time starts here unless told otherwise, so that timestamps look like timestamps. */
const usualEpochWallMs = Date.UTC(2026, 0, 1)

/**
 * Times stand on a grid of 1/1024 ms, so that sums and differences of them are exact: who waits for a moment finds that it has come, and
 * does not wait for the rounding error, again and again, without any time passing.
 */
function onGrid(ms: number): number {
  return Math.ceil(ms * 1024) / 1024
}

/** So many events without any time passing are a loop that never ends. */
const standstillMax = 100_000

export class Scheduler {
  readonly seed: number
  readonly random: SeededRandom
  readonly epochWallMs: number
  readonly #events: Event[] = []
  readonly #hash: Hash | null
  #nowMs = 0
  #order = 0
  #eventsRun = 0
  #standstill = 0
  /** Every line of the trace; kept only when asked, for a person who replays a seed. */
  readonly lines: string[] | null
  /** An error thrown by an event or an unhandled rejection: the run has failed. */
  failure: unknown = null

  constructor(seed: number, options: SchedulerOptions = {}) {
    this.seed = seed
    this.epochWallMs = options.epochWallMs ?? usualEpochWallMs
    this.random = new SeededRandom(seed)
    this.#hash = (options.trace ?? true) ? createHash('sha256') : null
    this.lines = options.keepTrace ? [] : null
  }

  get nowMs(): number {
    return this.#nowMs
  }

  get eventsRun(): number {
    return this.#eventsRun
  }

  at(delayMs: number, task: () => void): Scheduled {
    const event: Event = { atMs: onGrid(this.#nowMs + Math.max(0, delayMs)), order: this.#order++, task }
    push(this.#events, event)
    return {
      cancel: () => {
        event.task = null
      },
    }
  }

  trace(describe: () => string): void {
    if (this.#hash === null) return
    const text = `${this.#nowMs.toFixed(3)} ${describe()}\n`
    this.#hash.update(text)
    this.lines?.push(text)
  }

  /** A line for a person, which is no part of what must replay. */
  remark(line: string): void {
    this.lines?.push(`${this.#nowMs.toFixed(3)} # ${line}\n`)
  }

  /** The hash of all that was traced; ends the trace. */
  traceHash(): string {
    return this.#hash?.digest('hex') ?? ''
  }

  /** Runs events until `condition` holds (true) or `untilMs` of simulated time is reached (false). */
  async run(untilMs: number, condition: () => boolean = () => false): Promise<boolean> {
    await turn()
    for (;;) {
      if (this.failure !== null) throw this.failure
      if (condition()) return true
      if (!(await this.step(untilMs))) return condition()
    }
  }

  /**
   * Runs the next event, and every promise that it wakes. False: there is none up to `untilMs`, and it is that time now. What an event
   * throws is the `failure` of this run.
   */
  async step(untilMs: number): Promise<boolean> {
    const next = this.#nextUntil(untilMs)
    if (next === undefined) {
      if (untilMs < Number.POSITIVE_INFINITY) this.#nowMs = Math.max(this.#nowMs, onGrid(untilMs))
      return false
    }
    this.#standstill = next.atMs === this.#nowMs ? this.#standstill + 1 : 0
    this.#nowMs = next.atMs
    this.#eventsRun++
    if (this.#standstill > standstillMax) this.failure = new Error(`${standstillMax} events without any time passing`)
    try {
      next.task?.()
    } catch (error) {
      this.failure = error
    }
    await turn()
    return true
  }

  /** Takes it from the queue; what was cancelled is dropped on the way. */
  #nextUntil(untilMs: number): Event | undefined {
    for (;;) {
      const next = this.#events[0]
      if (next === undefined || next.atMs > untilMs) return undefined
      pop(this.#events)
      if (next.task !== null) return next
    }
  }
}

// A binary heap by time, then by order of arrival.

function before(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

function push(heap: Event[], event: Event): void {
  let at = heap.length
  heap.push(event)
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (!before(event, heap[parent]!)) break
    heap[at] = heap[parent]!
    at = parent
  }
  heap[at] = event
}

function pop(heap: Event[]): void {
  const last = heap.pop()!
  if (heap.length === 0) return
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
    if (!before(heap[child]!, last)) break
    heap[at] = heap[child]!
    at = child
  }
  heap[at] = last
}

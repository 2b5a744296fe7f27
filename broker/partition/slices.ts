// Small pieces of work that block the loop for a moment each: a few at once, many over many turns. A broker that makes or takes over
// thousands of partitions must not miss its heartbeats meanwhile.
import { Fifo } from '@castellan/protocol'
import type { Clock, Timer } from '@castellan/protocol/runtime'

const pauseMs = 1
/** However many pieces are allowed: longer a turn must not take. */
const turnMs = 5

export class Slices {
  readonly #clock: Clock
  readonly #perTurn: number
  readonly #tasks = new Fifo<() => void>()
  #doneThisTurn = 0
  #turnBeganMs = 0
  #timer: Timer | undefined

  constructor(clock: Clock, perTurn: number) {
    this.#clock = clock
    this.#perTurn = perTurn
  }

  /** Runs `task` now, or later when there is much to do; always after those that were given before. */
  run(task: () => void): void {
    if (this.#tasks.length > 0 || this.#isTurnOver) {
      this.#tasks.push(task)
      this.#timer ??= this.#clock.after(pauseMs, () => this.#drain())
      return
    }
    if (this.#doneThisTurn++ === 0) this.#beginTurn()
    task()
  }

  /** What has not run yet never will. */
  stop(): void {
    this.#timer?.cancel()
    while (this.#tasks.length > 0) this.#tasks.shift()
  }

  get #isTurnOver(): boolean {
    if (this.#doneThisTurn === 0) return false
    return this.#doneThisTurn >= this.#perTurn || this.#clock.nowMs() - this.#turnBeganMs >= turnMs
  }

  #beginTurn(): void {
    this.#turnBeganMs = this.#clock.nowMs()
    this.#clock.soon(() => this.#endTurn())
  }

  #endTurn(): void {
    this.#doneThisTurn = 0
  }

  #drain(): void {
    this.#timer = undefined
    if (this.#doneThisTurn === 0) this.#beginTurn()
    this.#doneThisTurn = this.#perTurn
    const beganMs = this.#clock.nowMs()
    for (let done = 0; done < this.#perTurn && this.#clock.nowMs() - beganMs < turnMs; done++) this.#tasks.shift()?.()
    if (this.#tasks.length > 0) this.#timer ??= this.#clock.after(pauseMs, () => this.#drain())
  }
}

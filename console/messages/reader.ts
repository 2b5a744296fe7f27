// Reads a topic page by page: a first page, more of it on demand, or live for as long as somebody looks. One request at a time.
//
//   restart ──► page ──► idle ──more──► reading until 100 more are found, or the end, or stop
//                  └── following ──► waits at the end for what comes; trouble that passes is tried again
import { problemOf } from '../api/problem.ts'
import type { MessagesPage } from '../api/types.ts'
import { emptyReading, type Reading, withPage } from './reading.ts'

export interface ReaderState {
  readonly reading: Reading
  readonly activity: 'first' | 'more' | 'following' | 'idle'
  /** Of the last request; gone with the next answer. */
  readonly error: Error | null
  readonly readMs: number
  readonly failedMs: number
}

interface Surroundings {
  /** Asks Castle for a page: the first without cursor. */
  ask(query: { cursor: string | undefined; waitMs: number }, signal: AbortSignal): Promise<MessagesPage>
  pause(ms: number, signal: AbortSignal): Promise<void>
  nowMs(): number
}

const waitMs = 3_000
const afterTroubleMs = 1_000
export const moreRows = 100

export class Reader {
  readonly #around: Surroundings
  readonly #listeners = new Set<() => void>()
  #state: ReaderState = { reading: emptyReading, activity: 'first', error: null, readMs: 0, failedMs: 0 }
  #running: AbortController | undefined
  #isFollowing = false

  constructor(around: Surroundings) {
    this.#around = around
  }

  get state(): ReaderState {
    return this.#state
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Forgets what was read and begins anew. */
  restart(): void {
    this.#set({ reading: emptyReading, error: null })
    void this.#run('first', () => true)
  }

  /** Goes on from where it stands. */
  more(): void {
    const until = this.#state.reading.found + moreRows
    void this.#run('more', ({ found, isComplete, problem }) => found >= until || isComplete || problem !== null)
  }

  /** Whether to wait at the end for what comes. */
  follow(on: boolean): void {
    if (on === this.#isFollowing) return
    this.#isFollowing = on
    const { activity } = this.#state
    if (on && activity === 'idle') void this.#run('following', () => false)
    if (!on && activity === 'following') this.stop()
  }

  /** Gives up what is on its way. */
  stop(): void {
    this.#running?.abort()
    this.#running = undefined
    this.#set({ activity: 'idle' })
  }

  async #run(activity: ReaderState['activity'], isOver: (reading: Reading) => boolean): Promise<void> {
    this.#running?.abort()
    const running = new AbortController()
    this.#running = running
    this.#set({ activity })
    const isWell = await this.#pages(running.signal, activity === 'following', isOver)
    if (running.signal.aborted) return
    if (isWell && this.#isFollowing) void this.#run('following', () => false)
    else this.#set({ activity: 'idle' })
  }

  /** Resolves with whether it came to its end without trouble. */
  async #pages(signal: AbortSignal, isFollowing: boolean, isOver: (reading: Reading) => boolean): Promise<boolean> {
    while (!signal.aborted) {
      try {
        const query = { cursor: this.#state.reading.next, waitMs: isFollowing ? waitMs : 0 }
        const page = await this.#around.ask(query, signal)
        if (signal.aborted) return false
        this.#set({ reading: withPage(this.#state.reading, page), error: null, readMs: this.#around.nowMs() })
        if (isOver(this.#state.reading)) return true
        // What brokers refuse, they refuse at once: asking on and on would keep them from anything else.
        if (page.problem !== null) await this.#around.pause(afterTroubleMs, signal)
      } catch (error) {
        if (signal.aborted) return false
        this.#set({ error: error instanceof Error ? error : new Error(String(error)), failedMs: this.#around.nowMs() })
        const { status } = problemOf(error)
        const mayPass = status === 0 || status >= 500
        if (!isFollowing || !mayPass) return false
        await this.#around.pause(afterTroubleMs, signal)
      }
    }
    return false
  }

  #set(change: Partial<ReaderState>): void {
    this.#state = { ...this.#state, ...change }
    for (const listener of this.#listeners) listener()
  }
}

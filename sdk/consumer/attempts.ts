// Hands one message to the handler until it succeeds, in place (D1): what a failed attempt means, how long to wait for the next, and
// what everybody is told of it.
//
//   attempt ─ok─> done
//      └─ failed ─> wait (back-off, pause, session) ─> attempt ...      after `maxAttempts`, or an error for good: stuck
import type { Runtime } from '@castellan/protocol/runtime'
import { type Backoff, backoffMs } from '../backoff.ts'
import { messageOf } from '../errors.ts'
import type { Events } from './events.ts'
import type { Mode } from './modes.ts'
import type { AssignedPartition } from './partition.ts'
import { isNotRetriable } from './retry.ts'
import type { Session } from './session.ts'

export interface AttemptOptions {
  readonly runtime: Runtime
  readonly backoff: Backoff
  readonly maxAttempts: number
  /** False: trying again is in vain. */
  readonly retriable: (error: unknown) => boolean
  /** The session at the coordinator: no handler starts when it is over, or when there is none (S3). */
  readonly session: Session
  readonly events: Events
  /** What is stuck changed. */
  readonly onStuck: () => void
}

/** Where several messages are handled at once: one that waits makes room for another. */
export interface Place {
  leave(): void
  /** Resolves when there is a place again. */
  enter(): Promise<void>
}

/** An attempt that ends so says nothing about the message. */
export const abandoned = new Error('the message was left alone')

interface Failure {
  /** ms since 1970, of the first. */
  readonly sinceMs: number
  readonly attempts: number
  readonly error: unknown
}

export class Attempts<T> {
  readonly #partition: AssignedPartition
  readonly #mode: Mode<T>
  readonly #options: AttemptOptions
  /** Where the log could not be read; -1: it can. */
  #unreadableAt = -1
  #unreadableSinceMs = 0

  constructor(partition: AssignedPartition, mode: Mode<T>, options: AttemptOptions) {
    this.#partition = partition
    this.#mode = mode
    this.#options = options
  }

  /** False: no further message of this partition will be handed out. */
  get goOn(): boolean {
    return this.#partition.state === 'active' || this.#partition.state === 'starting'
  }

  /** Whether a handler may start now. */
  get mayStart(): boolean {
    return this.#partition.handsOut && this.#options.session.isValid
  }

  /**
   * Hands it out until the handler succeeds. False: it is not done, and will not be: the partition goes, or somebody seeks. No promise
   * where none is needed.
   */
  process(item: T, place: Place | null = null): boolean | Promise<boolean> {
    const { signal } = this.#partition
    try {
      const result = this.#attempt(item, 1, signal)
      return isPromise(result) ? this.#persist(item, signal, () => result, place) : true
    } catch (error) {
      const fail = () => {
        throw error
      }
      return this.#persist(item, signal, fail, place)
    }
  }

  /** The log could not be read on where the partition is done: damaged on the way, perhaps. It is fetched again, later and later. */
  unreadable(error: unknown): void {
    const partition = this.#partition
    const { runtime, maxAttempts, backoff } = this.#options
    const { offset } = partition.done
    partition.failures++
    if (this.#unreadableAt < 0) this.#unreadableSinceMs = runtime.clock.wallMs()
    this.#unreadableAt = offset
    const failure = { sinceMs: this.#unreadableSinceMs, attempts: partition.failures, error }
    const delayMs = backoffMs(backoff, partition.failures, runtime.random)
    this.#tell(offset, failure, true, partition.failures >= maxAttempts, delayMs)
    const { committed } = partition
    partition.moveTo(partition.done)
    partition.committed = committed
    partition.notBeforeMs = runtime.clock.nowMs() + delayMs
  }

  /** It can be read. */
  readable(): void {
    if (this.#unreadableAt < 0) return
    this.#unstick(this.#unreadableAt, true)
    this.#unreadableAt = -1
  }

  /** The partition goes: nothing of it is stuck here any more. */
  end(): void {
    for (const offset of [...this.#partition.stuck.keys()]) this.#unstick(offset, false)
  }

  // ------------------------------------------------------------ trying

  #attempt(item: T, attempt: number, signal: AbortSignal): unknown {
    const { assignmentEpoch, log } = this.#partition
    return this.#mode.handle(item, { signal, attempt, assignmentEpoch, log })
  }

  /** `first`: the attempt that was made already. */
  async #persist(item: T, firstSignal: AbortSignal, first: () => unknown, place: Place | null): Promise<boolean> {
    const partition = this.#partition
    const { generation } = partition
    const offset = this.#mode.firstOffset(item)
    let signal = firstSignal
    let result = first
    let sinceMs = 0
    for (let failures = 0; ; ) {
      let delayMs = 0
      try {
        await result()
        if (partition.stuck.size > 0) this.#unstick(offset, true)
        return true
      } catch (error) {
        // An attempt that was told to stop says nothing about the message.
        if (!signal.aborted && error !== abandoned) {
          if (++failures === 1) sinceMs = this.#options.runtime.clock.wallMs()
          delayMs = this.#failed(offset, { sinceMs, attempts: failures, error })
        }
      }
      if (!(await this.#wait(delayMs, generation, place))) {
        this.#unstick(offset, false)
        return false
      }
      signal = partition.signal
      result = () => this.#attempt(item, failures + 1, signal)
    }
  }

  /** Waits out the back-off, a pause, and a session that ran out. False: do not try again. */
  async #wait(delayMs: number, generation: number, place: Place | null): Promise<boolean> {
    const partition = this.#partition
    const { clock } = this.#options.runtime
    const { nudges } = partition
    const untilMs = clock.nowMs() + delayMs
    let hasPlace = place === null
    place?.leave()
    for (;;) {
      if (!this.goOn || partition.generation !== generation) return false
      const leftMs = partition.nudges === nudges ? untilMs - clock.nowMs() : 0
      const isDue = leftMs <= 0 && this.mayStart && !partition.signal.aborted
      if (isDue && hasPlace) return true
      if (isDue) await place?.enter()
      else await partition.waitForWake(clock, leftMs > 0 ? leftMs : undefined)
      hasPlace ||= isDue
    }
  }

  // ------------------------------------------------------------ what a failure means

  /** Until the next attempt, ms; Infinity: there is none before somebody asks for it. */
  #failed(offset: number, failure: Failure): number {
    const { runtime, backoff, maxAttempts } = this.#options
    const { attempts, error } = failure
    const isRetried = this.#isRetriable(error)
    const isStuck = !isRetried || attempts >= maxAttempts
    const backedOffMs = isStuck ? backoff.maxMs : backoffMs(backoff, attempts, runtime.random)
    const delayMs = isRetried ? backedOffMs : Number.POSITIVE_INFINITY
    this.#tell(offset, failure, isRetried, isStuck, delayMs)
    return delayMs
  }

  #isRetriable(error: unknown): boolean {
    try {
      if (isNotRetriable(error)) return false
      return this.#options.retriable(error) !== false
    } catch (trouble) {
      this.#partition.log.error({ error: messageOf(trouble) }, 'retry.retriable failed: the message is tried again')
      return true
    }
  }

  #tell(offset: number, failure: Failure, isRetried: boolean, isStuck: boolean, delayMs: number): void {
    const { topic, topicId, partition: index, log, stuck } = this.#partition
    const { attempts, error, sinceMs } = failure
    const { events, onStuck } = this.#options
    const name = { topic, partition: index }
    log.warn({ offset, attempt: attempts, error: messageOf(error) }, 'a message failed, what comes after it waits')
    if (isStuck) {
      const isNews = !stuck.has(offset)
      const entry = {
        ...name,
        topicId,
        offset,
        sinceMs,
        attempts,
        error: messageOf(error),
        code: codeOf(error),
        isRetried,
      }
      stuck.set(offset, entry)
      if (isNews) {
        log.error({ offset, attempts, error: messageOf(error), isRetried }, 'the partition is stuck at a message')
        void events.emit('stuck', entry)
      }
      onStuck()
    }
    if (isRetried) void events.emit('retrying', { ...name, offset, attempts, error, delayMs })
  }

  #unstick(offset: number, isDone: boolean): void {
    const { topic, partition, stuck, log } = this.#partition
    if (!stuck.delete(offset)) return
    log.info({ offset, isDone }, 'the partition goes on')
    void this.#options.events.emit('going-on', { topic, partition, offset, isDone })
    this.#options.onStuck()
  }
}

/** Of a CastellanError, or of Node's and others' that have one. */
function codeOf(error: unknown): string | null {
  try {
    const { code } = error as { code?: unknown }
    return typeof code === 'string' ? code : null
  } catch {
    return null // null, undefined, or its own code throws
  }
}

/** Some query builders are functions with a `then`. */
function isPromise(value: unknown): value is PromiseLike<unknown> {
  return ((typeof value === 'object' && value !== null) || typeof value === 'function') && 'then' in value
}

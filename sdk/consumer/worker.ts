// Hands the messages of one partition to the handler, one after another, and tries again when it fails (D1). One worker for
// each partition: so partitions go on side by side, and within one the order stands.
import type { Runtime, Timer } from '@castellan/protocol/runtime'
import { type Backoff, backoffMs } from '../backoff.ts'
import { messageOf } from '../errors.ts'
import type { Message, MessageReader } from '../kafka/message.ts'
import type { AssignedPartition } from './partition.ts'
import type { Session } from './session.ts'
import type { BatchHandler, Handler, HandlerContext, MessageBatch } from './types.ts'

/** What is handed out at once: a message, or a batch of them. */
export interface Mode<T> {
  take(reader: MessageReader, partition: AssignedPartition): T | undefined
  handle(item: T, context: HandlerContext): unknown
  firstOffset(item: T): number
}

export function messageMode(handler: Handler): Mode<Message> {
  return { take: (reader) => reader.next(), handle: handler, firstOffset: ({ offset }) => offset }
}

export function batchMode(handler: BatchHandler, messagesMax: number): Mode<MessageBatch> {
  return {
    take(reader, { topic, topicId, partition }) {
      const messages: Message[] = []
      while (messages.length < messagesMax) {
        const message = reader.next()
        if (message === undefined) break
        messages.push(message)
      }
      if (messages.length === 0) return undefined
      return { topic, topicId, partition, messages, nextOffset: reader.nextOffset }
    },
    handle: handler,
    firstOffset: ({ messages }) => messages[0]!.offset,
  }
}

export interface WorkerOptions {
  readonly runtime: Runtime
  readonly backoff: Backoff
  readonly maxAttempts: number
  /** The session at the coordinator: no handler starts when it is over, or when there is none (S3). */
  readonly session: Session
  /** Something was used up: there is room to fetch more. */
  readonly onRoom: () => void
  readonly onStuck: (partition: AssignedPartition) => void
}

/** Handlers that never wait would keep everything else from running: heartbeats, fetches, commits. */
const turnMs = 10

export class Worker<T> {
  readonly #partition: AssignedPartition
  readonly #mode: Mode<T>
  readonly #options: WorkerOptions
  #turnStartMs = 0

  constructor(partition: AssignedPartition, mode: Mode<T>, options: WorkerOptions) {
    this.#partition = partition
    this.#mode = mode
    this.#options = options
  }

  /** Runs until the partition stops or is gone. Never throws. */
  async run(): Promise<void> {
    const partition = this.#partition
    partition.isBusy = true
    while (this.#goesOn) {
      const chunk = partition.chunks.peek()
      if (chunk === undefined || !this.#mayStart()) {
        await this.#idle()
        continue
      }
      const { generation } = partition
      const item = this.#take(chunk.reader)
      if (item === undefined) {
        if (partition.generation === generation && partition.chunks.peek() === chunk) this.#finish(chunk)
        continue
      }
      const processed = this.#process(item)
      if (!(typeof processed === 'boolean' ? processed : await processed)) continue
      const { nextOffset: offset, leaderEpoch } = chunk.reader
      if (partition.stuck !== null) this.#unstick()
      if (partition.generation === generation && partition.state !== 'gone') partition.doneTo({ offset, leaderEpoch })
      if (this.#turnIsOver()) await this.#endTurn()
    }
    partition.rested()
  }

  get #goesOn(): boolean {
    return this.#partition.state === 'active' || this.#partition.state === 'starting'
  }

  #mayStart(): boolean {
    const partition = this.#partition
    return partition.isActive && !partition.isPaused && this.#options.session.isValid
  }

  async #idle(): Promise<void> {
    this.#partition.isBusy = false
    await this.#partition.waitForWake()
    this.#partition.isBusy = this.#goesOn
    this.#turnStartMs = this.#options.runtime.clock.nowMs()
  }

  /** Undefined: the chunk holds no further item, or it cannot be read and was dropped. */
  #take(reader: MessageReader): T | undefined {
    const partition = this.#partition
    try {
      return this.#mode.take(reader, partition)
    } catch (error) {
      // Damaged on the way, perhaps: fetched again, later and later.
      const { runtime, backoff } = this.#options
      partition.failures++
      this.#failed(partition.done.offset, error, partition.failures)
      partition.moveTo(partition.done)
      partition.notBeforeMs = runtime.clock.nowMs() + backoffMs(backoff, partition.failures, runtime.random)
      this.#options.onRoom()
      return undefined
    }
  }

  #finish(chunk: { readonly reader: MessageReader; readonly bytes: number }): void {
    const partition = this.#partition
    const { nextOffset: offset, leaderEpoch } = chunk.reader
    partition.chunkDone(chunk)
    partition.failures = 0
    if (partition.state !== 'gone') partition.doneTo({ offset, leaderEpoch })
    this.#options.onRoom()
  }

  /** Hands the item out until the handler succeeds. False: it is not done, and will not be by this worker. No promise where none is needed. */
  #process(item: T): boolean | Promise<boolean> {
    const { signal } = this.#partition
    try {
      const result = this.#attempt(item, 1, signal)
      return isPromise(result) ? this.#goOn(item, signal, () => result) : true
    } catch (error) {
      return this.#goOn(item, signal, () => {
        throw error
      })
    }
  }

  /** `first`: the attempt that was made already. */
  async #goOn(item: T, firstSignal: AbortSignal, first: () => unknown): Promise<boolean> {
    const partition = this.#partition
    const { generation } = partition
    let signal = firstSignal
    let result = first
    for (let attempt = 1; ; ) {
      try {
        await result()
        return true
      } catch (error) {
        // An attempt that was told to stop says nothing about the message.
        if (!signal.aborted) this.#failed(this.#mode.firstOffset(item), error, attempt++)
      }
      if (!(await this.#waitToRetry(attempt - 1, generation))) {
        if (partition.stuck !== null) this.#unstick()
        return false
      }
      signal = partition.signal
      result = () => this.#attempt(item, attempt, signal)
    }
  }

  #attempt(item: T, attempt: number, signal: AbortSignal): unknown {
    const { assignmentEpoch, log } = this.#partition
    return this.#mode.handle(item, { signal, attempt, assignmentEpoch, log })
  }

  #failed(offset: number, error: unknown, attempts: number): void {
    const partition = this.#partition
    const { runtime, maxAttempts, onStuck } = this.#options
    partition.log.warn({ offset, attempt: attempts, error: messageOf(error) }, 'a message failed, its partition waits')
    if (attempts < maxAttempts) return
    const sinceMs = partition.stuck?.sinceMs ?? runtime.clock.wallMs()
    const isNews = partition.stuck === null
    const { topic, partition: index } = partition
    partition.stuck = { topic, partition: index, offset, sinceMs, attempts, error: messageOf(error) }
    if (!isNews) return
    partition.log.error({ offset, attempts, error: messageOf(error) }, 'the partition is stuck at a message')
    onStuck(partition)
  }

  #unstick(): void {
    this.#partition.stuck = null
    this.#options.onStuck(this.#partition)
  }

  /** Waits out the back-off, a pause, and a session that ran out. False: do not try again. */
  async #waitToRetry(failures: number, generation: number): Promise<boolean> {
    const partition = this.#partition
    const { runtime, backoff, maxAttempts } = this.#options
    const isLast = failures >= maxAttempts
    const waitMs = failures === 0 ? 0 : isLast ? backoff.maxMs : backoffMs(backoff, failures, runtime.random)
    const untilMs = runtime.clock.nowMs() + waitMs
    for (;;) {
      if (!this.#goesOn || partition.generation !== generation) return false
      const leftMs = untilMs - runtime.clock.nowMs()
      if (leftMs <= 0 && this.#mayStart() && !partition.signal.aborted) return true
      let timer: Timer | undefined
      if (leftMs > 0) timer = runtime.clock.after(leftMs, () => partition.wake())
      await partition.waitForWake()
      timer?.cancel()
    }
  }

  #turnIsOver(): boolean {
    return this.#options.runtime.clock.nowMs() - this.#turnStartMs >= turnMs
  }

  #endTurn(): Promise<void> {
    const { clock } = this.#options.runtime
    return new Promise((resolve) => {
      clock.soon(() => {
        this.#turnStartMs = clock.nowMs()
        resolve()
      })
    })
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value
}

// Which worker a partition gets: one message (or batch) after another, or several keys at once.
import type { Runtime } from '@castellan/protocol/runtime'
import type { Message } from '../kafka/message.ts'
import type { Events } from './events.ts'
import type { Mode } from './modes.ts'
import { type ConsumerOptions, retryBackoff } from './options.ts'
import { ParallelWorker } from './parallel.ts'
import type { AssignedPartition } from './partition.ts'
import type { Pull } from './pull.ts'
import type { Session } from './session.ts'
import { Worker, type WorkerOptions } from './worker.ts'

export type StartWorker = (partition: AssignedPartition) => void

export class Workers {
  readonly #options: ConsumerOptions
  readonly #workerOptions: WorkerOptions

  constructor(
    runtime: Runtime,
    session: Session,
    events: Events,
    options: ConsumerOptions,
    hooks: Pick<WorkerOptions, 'onRoom' | 'onStuck'>,
  ) {
    const { maxAttempts, retriable } = options.retry
    const backoff = retryBackoff(options.retry)
    this.#options = options
    this.#workerOptions = { runtime, session, events, backoff, maxAttempts, retriable, pull: null, ...hooks }
  }

  /** As `concurrency` says. */
  forMessages(mode: Mode<Message>): StartWorker {
    const { concurrency, windowMessagesMax } = this.#options
    if (concurrency === 1) return this.oneByOne(mode)
    const options = { ...this.#workerOptions, concurrency, windowMessagesMax }
    return (partition) => {
      partition.worker = new ParallelWorker(partition, mode, options).run()
    }
  }

  oneByOne<T>(mode: Mode<T>, pull: Pull | null = null): StartWorker {
    const options = { ...this.#workerOptions, pull }
    return (partition) => {
      partition.worker = new Worker(partition, mode, options).run()
    }
  }
}

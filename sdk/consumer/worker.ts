// Hands the messages of one partition to the handler, one after another. One worker for each partition: so partitions go on side by
// side, and within one the order stands.
import type { MessageReader } from '../kafka/message.ts'
import { type AttemptOptions, Attempts } from './attempts.ts'
import type { Mode } from './modes.ts'
import type { AssignedPartition, Chunk } from './partition.ts'
import type { Pull } from './pull.ts'
import { Turn } from './turn.ts'

export interface WorkerOptions extends AttemptOptions {
  /** Something was used up: there is room to fetch more. */
  readonly onRoom: () => void
  /** A loop that asks for messages one by one; null: they are handed out as they come. */
  readonly pull: Pull | null
}

export class Worker<T> {
  readonly #partition: AssignedPartition
  readonly #mode: Mode<T>
  readonly #options: WorkerOptions
  readonly #attempts: Attempts<T>
  readonly #turn: Turn

  constructor(partition: AssignedPartition, mode: Mode<T>, options: WorkerOptions) {
    this.#partition = partition
    this.#mode = mode
    this.#options = options
    this.#attempts = new Attempts(partition, mode, options)
    this.#turn = new Turn(options.runtime.clock)
  }

  /** Runs until the partition stops or is gone. Never throws. */
  async run(): Promise<void> {
    const partition = this.#partition
    const attempts = this.#attempts
    const { pull } = this.#options
    partition.isBusy = true
    while (attempts.goOn) {
      const chunk = partition.chunks.peek()
      if (chunk === undefined || !attempts.mayStart) {
        pull?.leave(partition)
        await this.#idle()
        continue
      }
      if (pull !== null && !pull.enter(partition)) {
        await this.#idle()
        continue
      }
      const { generation } = partition
      const item = this.#take(chunk.reader)
      if (item === undefined) {
        if (partition.generation === generation && partition.chunks.peek() === chunk) this.#finish(chunk)
        continue
      }
      const processed = attempts.process(item)
      if (!(typeof processed === 'boolean' ? processed : await processed)) continue
      const { nextOffset: offset, leaderEpoch } = chunk.reader
      attempts.readable()
      if (partition.generation === generation && partition.state !== 'gone') partition.doneTo({ offset, leaderEpoch })
      // A loop sees to that itself: while one of its partitions rested, the others would have all its turns.
      if (pull === null && this.#turn.isOver) await this.#turn.end()
    }
    pull?.leave(partition)
    attempts.end()
    partition.rested()
  }

  async #idle(): Promise<void> {
    this.#partition.isBusy = false
    await this.#partition.waitForWake(this.#options.runtime.clock)
    this.#partition.isBusy = this.#attempts.goOn
    this.#turn.begin()
  }

  /** Undefined: the chunk holds no further item, or it cannot be read and was dropped. */
  #take(reader: MessageReader): T | undefined {
    try {
      return this.#mode.take(reader, this.#partition)
    } catch (error) {
      this.#attempts.unreadable(error)
      this.#options.onRoom()
      return undefined
    }
  }

  #finish({ reader, bytes }: Chunk): void {
    const partition = this.#partition
    const { nextOffset: offset, leaderEpoch } = reader
    partition.chunks.shift()
    partition.release(bytes)
    partition.failures = 0
    this.#attempts.readable()
    if (partition.state !== 'gone') partition.doneTo({ offset, leaderEpoch })
    this.#options.onRoom()
  }
}

// A partition while this consumer holds it: where it is fetched, what is fetched and not handled, and how far it is done.
//
//        done                 position
//         │   chunks (fetched)   │
//   ──────┼──────────────────────┼──────────────> offsets
//         ▲ committed up to here ▲ the next fetch asks from here
//         │ sooner or later

import { Fifo } from '@castellan/protocol'
import type { Clock, Logger } from '@castellan/protocol/runtime'
import { CastellanError } from '../errors.ts'
import type { MessageReader, MessageSource } from '../kafka/message.ts'
import { newStop } from '../stop.ts'
import type { Stuck } from './types.ts'

export interface Position {
  readonly offset: number
  /** Leader epoch of the message before it; -1: not known. */
  readonly leaderEpoch: number
}

export interface Chunk {
  readonly reader: MessageReader
  readonly bytes: number
}

/** starting: looking for its position.   stopping: no further message is handed out.   gone: not ours any more. */
type State = 'starting' | 'active' | 'stopping' | 'gone'

const nowhere: Position = { offset: -1, leaderEpoch: -1 }

export class AssignedPartition implements MessageSource {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  readonly assignmentEpoch: number
  readonly log: Logger
  readonly chunks = new Fifo<Chunk>()
  /** Rises with each jump: what was fetched or handled before it does not count. */
  generation = 0
  bufferedBytes = 0
  isFetching = false
  /** Its position is being looked for, or checked. */
  isLooking = false
  isPaused = false
  /** Next try of whatever failed, on the monotonic clock. */
  notBeforeMs = 0
  failures = 0
  /** Leader epoch known when it failed. */
  failedEpoch = -1
  /** Leader epoch at which the position was checked against the leader's log (KIP-320). */
  checkedEpoch = -1
  committed = -1
  /** Messages that stop it or their key, by offset. */
  readonly stuck = new Map<number, Stuck>()
  /** Calls of `seek` that look for their offset: until then nothing is handed out. */
  seeking = 0
  /** Rises when somebody asks to try again at once what waits for its next attempt. */
  nudges = 0
  /** Resolves when its worker has ended, which an abandoned handler may delay. */
  worker: Promise<void> = Promise.resolve()
  /** Whether a handler runs, or its worker otherwise has not come to rest. */
  isBusy = false
  #state: State = 'starting'
  #position = nowhere
  #done = nowhere
  #abort = newStop()
  readonly #waiters = new Set<() => void>()
  #rest: () => void = () => {}

  constructor(source: MessageSource, assignmentEpoch: number, log: Logger) {
    this.topic = source.topic
    this.topicId = source.topicId
    this.partition = source.partition
    this.assignmentEpoch = assignmentEpoch
    this.log = log.child({ topic: source.topic, partition: source.partition })
  }

  get state(): State {
    return this.#state
  }

  /** Ours, and to be read on. */
  get isActive(): boolean {
    return this.#state === 'active'
  }

  /** As far as it is up to the partition, another message may be handed out. */
  get handsOut(): boolean {
    return this.#state === 'active' && !this.isPaused && this.seeking === 0
  }

  /** Where the next fetch begins. */
  get position(): Position {
    return this.#position
  }

  /** The first message that is not done. */
  get done(): Position {
    return this.#done
  }

  /** For handlers. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  // ------------------------------------------------------------ reading

  /** Jumps: drops what was fetched, and goes on at `position`. */
  moveTo(position: Position): void {
    this.generation++
    while (this.chunks.shift() !== undefined);
    this.bufferedBytes = 0
    this.isFetching = false
    this.isLooking = false
    this.notBeforeMs = 0
    this.#position = position
    this.#done = position
    // What was committed lies before this jump: whatever is done from here on is to be committed, though it be less.
    this.committed = -1
    this.checkedEpoch = -1
    if (this.#state === 'starting') this.#state = 'active'
    this.wake()
  }

  /** What a fetch brought; `next`: after it. */
  fetched(chunk: Chunk, next: Position): void {
    this.#position = next
    this.bufferedBytes += chunk.bytes
    this.chunks.push(chunk)
    this.wake()
  }

  /** Fetched bytes that are not needed any more: there is room for others. */
  release(bytes: number): void {
    this.bufferedBytes -= bytes
  }

  doneTo(position: Position): void {
    this.#done = position
  }

  // ------------------------------------------------------------ ending

  /** No further message is handed out. Resolves when no handler runs. */
  stop(): Promise<void> {
    if (this.#state !== 'gone') this.#state = 'stopping'
    const resting = this.isBusy ? new Promise<void>((resolve) => this.#onRest(resolve)) : Promise.resolve()
    this.wake()
    return resting
  }

  /** Not ours any more, whatever its handler does. */
  end(reason: string): void {
    this.#state = 'gone'
    this.abort(reason)
    this.wake()
    this.rested()
  }

  abort(reason: string): void {
    const text = `${this.topic}/${this.partition} ${reason}`
    this.#abort.abort(new CastellanError('PARTITION_LOST', text))
  }

  /** After an abort: handlers may run again. */
  renew(): void {
    if (this.#abort.signal.aborted && (this.#state === 'active' || this.#state === 'starting')) this.#abort = newStop()
    this.wake()
  }

  // ------------------------------------------------------------ waiting

  /** Resolves at the next `wake`, or after `timeoutMs`. */
  waitForWake(clock: Clock, timeoutMs = Number.POSITIVE_INFINITY): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        timer?.cancel()
        this.#waiters.delete(wake)
        resolve()
      }
      const timer = timeoutMs < Number.POSITIVE_INFINITY ? clock.after(timeoutMs, wake) : null
      this.#waiters.add(wake)
    })
  }

  wake(): void {
    for (const wake of [...this.#waiters]) wake()
  }

  /** The worker has come to rest. */
  rested(): void {
    this.isBusy = false
    this.#rest()
    this.#rest = () => {}
  }

  #onRest(resolve: () => void): void {
    const before = this.#rest
    this.#rest = () => {
      before()
      resolve()
    }
  }
}

// Hands the messages of one partition to the handler, several at once: those of different keys side by side, those of a key one after
// another (window.ts decides which). A message that fails is tried again in place: its key waits, and others go on until the window is full.
import type { Message } from '../kafka/message.ts'
import { Attempts, type Place } from './attempts.ts'
import type { Mode } from './modes.ts'
import type { AssignedPartition, Chunk } from './partition.ts'
import { Turn } from './turn.ts'
import { type Entry, KeyWindow, type Progress } from './window.ts'
import type { WorkerOptions } from './worker.ts'

export interface ParallelOptions extends WorkerOptions {
  readonly concurrency: number
  readonly windowMessagesMax: number
}

export class ParallelWorker {
  readonly #partition: AssignedPartition
  readonly #mode: Mode<Message>
  readonly #options: ParallelOptions
  readonly #attempts: Attempts<Message>
  readonly #turn: Turn
  #window: KeyWindow<Message>
  /** The partition's, for which the window stands. */
  #generation: number
  /** Messages handed out and not settled: handlers that run, and those that wait for another attempt. */
  #open = 0
  /** Those that wait for a place to try again. */
  readonly #entering = new Map<Entry<Message>, () => void>()
  /** The next batch cannot be read: what is before it comes first. */
  #unreadable: { readonly error: unknown } | null = null
  #isResting = false
  #isWoken = false
  #wakeAtRest: () => void = () => {}

  constructor(partition: AssignedPartition, mode: Mode<Message>, options: ParallelOptions) {
    this.#partition = partition
    this.#mode = mode
    this.#options = options
    this.#attempts = new Attempts(partition, mode, options)
    this.#turn = new Turn(options.runtime.clock)
    this.#window = this.#newWindow()
    this.#generation = partition.generation
  }

  /** Runs until the partition stops or is gone, and all that was handed out is settled. Never throws. */
  async run(): Promise<void> {
    const partition = this.#partition
    const { clock } = this.#options.runtime
    while (this.#attempts.goOn) {
      this.#pump()
      await partition.waitForWake(clock)
    }
    this.#enterAll()
    while (this.#open > 0) {
      await new Promise<void>((resolve) => {
        this.#wakeAtRest = resolve
      })
    }
    this.#attempts.end()
    partition.rested()
  }

  // ------------------------------------------------------------ handing out

  /** Pumps once this call is over, and others of the same moment with it. */
  #wake(): void {
    if (this.#isWoken) return
    this.#isWoken = true
    void Promise.resolve().then(() => {
      this.#isWoken = false
      this.#pump()
    })
  }

  /** Hands out what may be handled. */
  #pump(): void {
    if (this.#isResting || !this.#attempts.goOn || !this.#isWindowRight()) return
    while (this.#attempts.mayStart) {
      if (this.#turn.isOver) return this.#endTurn()
      const entry = this.#window.start() ?? (this.#takeIn() ? this.#window.start() : undefined)
      if (entry === undefined) break
      this.#handOut(entry)
    }
    if (this.#unreadable !== null && this.#window.isEmpty) this.#giveBack(this.#unreadable.error)
  }

  #endTurn(): void {
    this.#isResting = true
    void this.#turn.end().then(() => {
      this.#isResting = false
      this.#pump()
    })
  }

  /** After a seek, what runs comes to its end first: no two handlers for one key, nor for one message. */
  #isWindowRight(): boolean {
    if (this.#generation === this.#partition.generation) return true
    this.#enterAll()
    if (this.#open > 0) return false
    this.#window = this.#newWindow()
    this.#generation = this.#partition.generation
    this.#unreadable = null
    return true
  }

  #newWindow(): KeyWindow<Message> {
    return new KeyWindow(this.#options.concurrency, this.#options.windowMessagesMax)
  }

  /** Takes in messages until one may be handled. False: none. */
  #takeIn(): boolean {
    const window = this.#window
    while (window.hasPlace && !window.hasReady && !window.isFull) {
      const chunk = this.#partition.chunks.peek()
      if (chunk === undefined || this.#unreadable !== null) return false
      const message = this.#take(chunk)
      if (message === undefined) continue
      const { nextOffset: offset, leaderEpoch } = chunk.reader
      this.#attempts.readable()
      window.add(message, keyOf(message), { offset, leaderEpoch })
    }
    return window.hasReady
  }

  #take(chunk: Chunk): Message | undefined {
    try {
      const message = this.#mode.take(chunk.reader, this.#partition)
      if (message === undefined) this.#finish(chunk)
      return message
    } catch (error) {
      this.#unreadable = { error }
      return undefined
    }
  }

  #finish({ reader, bytes }: Chunk): void {
    const { nextOffset: offset, leaderEpoch } = reader
    this.#partition.chunks.shift()
    this.#partition.failures = 0
    this.#attempts.readable()
    this.#advance(this.#window.chunkEnds({ offset, leaderEpoch }, bytes))
    this.#options.onRoom()
  }

  #giveBack(error: unknown): void {
    this.#attempts.unreadable(error)
    this.#options.onRoom()
  }

  #handOut(entry: Entry<Message>): void {
    const enter = this.#entering.get(entry)
    if (enter !== undefined) return enter()
    const processed = this.#attempts.process(entry.item, this.#placeOf(entry))
    if (processed === true) return this.#done(entry)
    const generation = this.#generation
    this.#setOpen(this.#open + 1)
    void Promise.resolve(processed).then((isDone) => {
      this.#setOpen(this.#open - 1)
      if (isDone && generation === this.#partition.generation) this.#done(entry)
      this.#wake()
    })
  }

  #setOpen(open: number): void {
    this.#open = open
    this.#partition.isBusy = open > 0
    this.#wakeAtRest()
  }

  /** One that waits for its next attempt leaves its place to others. */
  #placeOf(entry: Entry<Message>): Place {
    const window = this.#window
    return {
      leave: () => {
        window.rest()
        this.#wake()
      },
      enter: () =>
        new Promise((resolve) => {
          this.#entering.set(entry, () => {
            this.#entering.delete(entry)
            resolve()
          })
          window.again(entry)
          this.#wake()
        }),
    }
  }

  /** Those that waited look again whether there is anything to try. */
  #enterAll(): void {
    for (const enter of [...this.#entering.values()]) enter()
  }

  // ------------------------------------------------------------ settling

  #done(entry: Entry<Message>): void {
    this.#advance(this.#window.done(entry))
  }

  #advance(progress: Progress | null): void {
    if (progress === null || this.#partition.state === 'gone') return
    this.#partition.doneTo(progress.position)
    if (progress.bytes === 0) return
    this.#partition.release(progress.bytes)
    this.#options.onRoom()
  }
}

/** As it can be compared. */
function keyOf({ key }: Message): string | null {
  return key === null ? null : Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
}

// Which messages of a partition may be handled now, where several are handled at once: one of each key, in the order of the key, at
// most so many, and none too far beyond the first that is not done. Purely: no clock, no handlers.
//
//   offsets   ──done──┬─ 4a ─ 5b ─ 6a ─ 7- ─ 8b ─┬── not taken in yet
//                     ▲                          ▲
//      `position` is here: committed   at most `sizeMax` messages from there
//
// 4a and 5b run; 6a waits for 4a, 8b for 5b; 7 has no key and waits for nobody. A message whose attempt failed leaves its place to
// another, but its key still waits for it.
import { Fifo } from '@castellan/protocol'
import type { Position } from './partition.ts'

export interface Entry<T> {
  readonly item: T
  /** Null: it has no key, and no order. */
  readonly key: string | null
  /** Where the partition goes on after it. */
  next: Position
  /** Fetched bytes that are used up with it. */
  bytes: number
  isDone: boolean
}

/** What `done` brought: how far the partition is done now, and fetched bytes that are not needed any more. */
export interface Progress {
  readonly position: Position
  readonly bytes: number
}

export class KeyWindow<T> {
  readonly #concurrency: number
  readonly #sizeMax: number
  /** From the first that is not done to the last taken in, in order. */
  readonly #entries = new Fifo<Entry<T>>()
  /** The last one of `#entries`. */
  #last: Entry<T> | null = null
  /** Keys with a message under way, and what waits behind it. */
  readonly #keys = new Map<string, Fifo<Entry<T>>>()
  readonly #ready = new Fifo<Entry<T>>()
  #running = 0

  constructor(concurrency: number, sizeMax: number) {
    this.#concurrency = concurrency
    this.#sizeMax = sizeMax
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  /** It reaches as far beyond the first that is not done as it may. */
  get isFull(): boolean {
    return this.#entries.length >= this.#sizeMax
  }

  get hasPlace(): boolean {
    return this.#running < this.#concurrency
  }

  get hasReady(): boolean {
    return this.#ready.length > 0
  }

  /** Takes in the next message of the partition. */
  add(item: T, key: string | null, next: Position): void {
    const entry: Entry<T> = { item, key, next, bytes: 0, isDone: false }
    this.#entries.push(entry)
    this.#last = entry
    if (key === null) return this.#ready.push(entry)
    const waiting = this.#keys.get(key)
    if (waiting !== undefined) return waiting.push(entry)
    this.#keys.set(key, new Fifo())
    this.#ready.push(entry)
  }

  /** Nothing more comes up to `next`, and fetched bytes are used up when all before it is done. Null: they are held until then. */
  chunkEnds(next: Position, bytes: number): Progress | null {
    if (this.#last === null) return { position: next, bytes }
    this.#last.next = next
    this.#last.bytes += bytes
    return null
  }

  /** The next one to hand out, or undefined: nothing is ready, or enough are running. */
  start(): Entry<T> | undefined {
    if (!this.hasPlace) return undefined
    const entry = this.#ready.shift()
    if (entry !== undefined) this.#running++
    return entry
  }

  /** Its attempt failed: another may run meanwhile, but none of its key. */
  rest(): void {
    this.#running--
  }

  /** It may be tried again. */
  again(entry: Entry<T>): void {
    this.#ready.push(entry)
  }

  /** It was running, and is done. Null: something before it is not. */
  done(entry: Entry<T>): Progress | null {
    entry.isDone = true
    this.#running--
    if (entry.key !== null) this.#nextOf(entry.key)
    let position: Position | null = null
    let bytes = 0
    for (let first = this.#entries.peek(); first?.isDone === true; first = this.#entries.peek()) {
      this.#entries.shift()
      position = first.next
      bytes += first.bytes
    }
    if (this.#entries.length === 0) this.#last = null
    return position === null ? null : { position, bytes }
  }

  #nextOf(key: string): void {
    const waiting = this.#keys.get(key)
    const next = waiting?.shift()
    if (next === undefined) this.#keys.delete(key)
    else this.#ready.push(next)
  }
}

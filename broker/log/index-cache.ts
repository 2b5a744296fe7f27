// How many indexes of closed segments stay in memory: those loaded last. A log may have thousands of segments, and few are read.
import { Fifo } from '@castellan/protocol'
import type { Segment } from './segment.ts'

export class IndexCache {
  readonly #countMax: number
  readonly #loaded = new Fifo<Segment>()

  constructor(countMax: number) {
    this.#countMax = countMax
  }

  /** A closed segment has its index in memory, and it can be loaded again. */
  note(segment: Segment): void {
    this.#loaded.push(segment)
    if (this.#loaded.length > this.#countMax) this.#loaded.shift()!.index = undefined
  }
}

// Appends that a leader holds while it hands over to another, or while the disk, which makes its writers wait, has not written what came before
// them. They are appended when it goes on leading, or refused, and then they stand in no log. Their memory is counted with the requests that
// they came in.
import type { Slab } from '@castellan/protocol'
import type { AppendResult } from './results.ts'

export interface HeldAppend {
  readonly records: Uint8Array
  readonly slab: Slab | null
  readonly acks: -1 | 0 | 1
  readonly done: (result: AppendResult) => void
}

/** Some hundredths of a second of a busy partition. */
const bytesMax = 4 * 1024 * 1024
const countMax = 10_000

export class HeldAppends {
  #waiting: HeldAppend[] = []
  #bytes = 0

  get isFull(): boolean {
    return this.#bytes >= bytesMax || this.#waiting.length >= countMax
  }

  add(append: HeldAppend): void {
    append.slab?.retain()
    this.#bytes += append.records.length
    this.#waiting.push(append)
  }

  /** Gives all to `then`, in their order; those that come meanwhile are not among them. */
  takeAll(then: (append: HeldAppend) => void): void {
    const waiting = this.#waiting
    this.#waiting = []
    this.#bytes = 0
    for (const append of waiting) {
      then(append)
      append.slab?.release()
    }
  }
}

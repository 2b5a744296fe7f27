// What is paused: all partitions but some, or none but some. It outlives assignments: a partition that comes back is paused still.
import type { PartitionName } from './types.ts'

export class Pauses {
  #isAll = false
  /** From `#isAll`. */
  readonly #exceptions = new Set<string>()

  isPaused(name: PartitionName): boolean {
    return this.#isAll !== this.#exceptions.has(keyOf(name))
  }

  /** `null`: all there are and will be. */
  set(names: readonly PartitionName[] | null, isPaused: boolean): void {
    if (names === null) {
      this.#isAll = isPaused
      return this.#exceptions.clear()
    }
    for (const name of names) {
      if (this.#isAll === isPaused) this.#exceptions.delete(keyOf(name))
      else this.#exceptions.add(keyOf(name))
    }
  }
}

function keyOf({ topic, partition }: PartitionName): string {
  return `${topic}/${partition}`
}

// Producer ids, from the blocks that Castle gives to this broker (subject `producer-ids/<broker id>`).
//
//   block held:  start ........ next ........ end      begun: noted on disk before the first id leaves, so that a
//                        given       left              restarted broker never gives an id twice
//
// Beginning a block is reported, and Castle gives the next one: so one block lasts while Castle is away (R10).
import type { ProducerIdBlock } from '@castellan/protocol/heartbeat'
import type { Clock } from '@castellan/protocol/runtime'
import type { Identity } from './identity.ts'

export class ProducerIds {
  readonly #clock: Clock
  readonly #identity: Identity
  readonly #onBegun: () => void
  #next = 0
  #end = 0
  #following: ProducerIdBlock | undefined
  #beginning: Promise<void> | undefined
  readonly #waiting = new Set<() => void>()

  constructor(clock: Clock, identity: Identity, onBegun: () => void) {
    this.#clock = clock
    this.#identity = identity
    this.#onBegun = onBegun
  }

  /** The newest block that Castle gave. One that was begun before is used up, or was given out in part by an earlier process. */
  offer(block: ProducerIdBlock): void {
    if (block.start <= this.#identity.producerIdsBegun) return
    this.#following = block
    for (const wake of this.#waiting) wake()
  }

  /** A producer id that nobody has; null when none came from Castle within `timeoutMs`. */
  async take(timeoutMs: number): Promise<number | null> {
    while (this.#next >= this.#end) {
      if (!(await this.#begin(timeoutMs))) return null
    }
    return this.#next++
  }

  /** Begins the following block; false when there is none within `timeoutMs`. */
  async #begin(timeoutMs: number): Promise<boolean> {
    if (!this.#beginning && !this.#following && !(await this.#offered(timeoutMs))) return false
    // While it was waited for, another call may have begun it.
    if (!this.#beginning && this.#following) {
      this.#beginning = this.#beginBlock(this.#following)
      this.#following = undefined
    }
    await this.#beginning
    return true
  }

  async #beginBlock(block: ProducerIdBlock): Promise<void> {
    try {
      await this.#identity.beginProducerIds(block.start)
      this.#next = block.start
      this.#end = block.start + block.length
      this.#onBegun()
    } finally {
      this.#beginning = undefined
    }
  }

  #offered(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const wake = () => {
        timer.cancel()
        this.#waiting.delete(wake)
        resolve(true)
      }
      const timer = this.#clock.after(timeoutMs, () => {
        this.#waiting.delete(wake)
        resolve(false)
      })
      this.#waiting.add(wake)
    })
  }
}

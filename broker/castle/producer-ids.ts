// Producer ids, from the blocks that Castle gives to this broker (subject `producer-ids/<broker id>`).
//
//   block held:  start ........ next ........ end      begun: noted on disk before the first id leaves, so that a
//                        given       left              restarted broker never gives an id twice
//
// Beginning a block is reported, and Castle gives the next one: so one block lasts while Castle is away (R10).
import type { ProducerIdBlock } from '@castellan/protocol/heartbeat'
import type { Clock } from '@castellan/protocol/runtime'
import type { Identity } from './identity.ts'

export interface ProducerIdEvents {
  onBegun(): void
  /** The disk did not take the note of a block. */
  onRefused(error: unknown): void
}

export class ProducerIds {
  readonly #clock: Clock
  readonly #identity: Identity
  readonly #events: ProducerIdEvents
  #next = 0
  #end = 0
  #following: ProducerIdBlock | undefined
  #beginning: Promise<boolean> | undefined
  readonly #waiting = new Set<() => void>()

  constructor(clock: Clock, identity: Identity, events: ProducerIdEvents) {
    this.#clock = clock
    this.#identity = identity
    this.#events = events
  }

  /** The newest block that Castle gave. One that was begun before is used up, or was given out in part by an earlier process. */
  offer(block: ProducerIdBlock): void {
    if (block.start <= this.#identity.producerIdsBegun) return
    this.#following = block
    for (const wake of this.#waiting) wake()
  }

  /** A producer id that nobody has; null when none came from Castle within `timeoutMs`, or the disk refuses to note the block. */
  async take(timeoutMs: number): Promise<number | null> {
    while (this.#next >= this.#end) {
      if (!(await this.#begin(timeoutMs))) return null
    }
    return this.#next++
  }

  /** Begins the following block; false when there is none within `timeoutMs`, or not now. */
  async #begin(timeoutMs: number): Promise<boolean> {
    if (!this.#beginning && !this.#following && !(await this.#offered(timeoutMs))) return false
    // While it was waited for, another call may have begun it.
    if (!this.#beginning && this.#following) {
      this.#beginning = this.#beginBlock(this.#following)
      this.#following = undefined
    }
    return (await this.#beginning) ?? true
  }

  async #beginBlock(block: ProducerIdBlock): Promise<boolean> {
    try {
      await this.#identity.beginProducerIds(block.start)
      this.#next = block.start
      this.#end = block.start + block.length
      this.#events.onBegun()
      return true
    } catch (error) {
      // No id of it has left: the next call tries again, with this block or a newer one.
      this.#following ??= block
      this.#events.onRefused(error)
      return false
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

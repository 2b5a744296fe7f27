// What may be destroyed without breaking what is promised: R1 holds while one member of the ISR keeps its disk and page cache.
//
// A broker may lose its disk, or what is unsynced on it, a bit or a part of a segment, while every partition of which it has a replica has
// another one in sync whose disk is known to be whole. One that lost something counts as whole again once Castle has its new logs id (its
// replicas have left every ISR then, R8); one with a flaw, when the flaw is gone. So by induction some member always has everything.
import type { Flaw } from '@castellan/testing/simulator'
import type { CastleWatch } from './castle-watch.ts'
import { offsetsTopic, planOf } from './topics.ts'

export class Damage {
  readonly #watch: CastleWatch
  /** Broker id -> the logs id that Castle had of it when it lost something. */
  readonly #lost = new Map<number, string | undefined>()
  #flaws: { readonly id: number; readonly flaw: Flaw }[] = []
  /** The power of all brokers went at once: R8's case. */
  allLostPower = false
  /** Some broker has lost its disk, or what was not synced. */
  hasLost = false

  constructor(watch: CastleWatch) {
    this.#watch = watch
  }

  isWhole(id: number): boolean {
    if (this.#lost.has(id) && !this.#hasLeftIsrs(id)) return false
    this.#lost.delete(id)
    this.#flaws = this.#flaws.filter(({ flaw }) => flaw.isThere())
    return !this.#flaws.some((one) => one.id === id)
  }

  /** Castle knows that it lost something, and acts upon that once nothing is in doubt (R14). */
  #hasLeftIsrs(id: number): boolean {
    const isDoubtful = [...this.#watch.topics.values()].some(({ doubt }) => doubt !== undefined)
    return this.#watch.logsIds.get(id) !== this.#lost.get(id) && !isDoubtful
  }

  /** Topics of one replica apart, which lose what it loses. */
  mayLose(id: number): boolean {
    if (this.allLostPower) return false
    for (const topic of this.#watch.newest.values()) {
      if (planOf(topic.name)?.replicationFactor === 1) continue
      if (planOf(topic.name) === undefined && topic.name !== offsetsTopic) continue
      for (const { replicas, isr, elr = [] } of topic.partitions) {
        // Where nobody who is electable is whole, any replica may have what they had: Castle waits for all of them (R8).
        const hasOther = [...isr, ...elr].some((other) => other !== id && this.isWhole(other))
        if (replicas.includes(id) && !hasOther) return false
      }
    }
    return true
  }

  lost(id: number): void {
    this.hasLost = true
    this.#lost.set(id, this.#watch.logsIds.get(id))
  }

  /** In a file of this folder. */
  hasFlaw(id: number, folder: string): boolean {
    return this.#flaws.some((one) => one.id === id && one.flaw.path.startsWith(folder) && one.flaw.isThere())
  }

  spoiled(id: number, flaw: Flaw): void {
    this.#flaws.push({ id, flaw })
  }
}

// When preferred leaders lead again: some time after they are in sync, so that a broker that has just come back is not loaded at once;
// later and later for one that keeps falling; and not all in one moment. Times are given, nothing is written here.
import { isInDoubt } from '../restore/doubts.ts'
import type { View } from '../state/state.ts'

/** Falls longer ago are forgotten. */
const memoryMs = 10 * 60_000
const fallsMax = 20
/** The longest that the delay gets by falls. */
const delayMaxMs = 10 * 60_000

export class Preferences {
  readonly #delayMs: number
  /** Broker -> when it fell lately. */
  readonly #falls = new Map<number, number[]>()
  /** topic id/partition -> since when its preferred replica could lead, and does not. */
  #since = new Map<string, number>()

  /** `delayMs`: 0: they never lead again by themselves. */
  constructor(delayMs: number) {
    this.#delayMs = delayMs
  }

  /** The broker died, or came back as another process before anybody noticed. A stop in good order is no fall. */
  fell(brokerId: number, nowMs: number): void {
    const falls = (this.#falls.get(brokerId) ?? []).filter((atMs) => nowMs - atMs < memoryMs)
    this.#falls.set(brokerId, [...falls, nowMs].slice(-fallsMax))
  }

  /** How long the broker has to be in sync before it leads what prefers it: twice as long with each fall after the first. */
  delayOf(brokerId: number, nowMs: number): number {
    const falls = (this.#falls.get(brokerId) ?? []).filter((atMs) => nowMs - atMs < memoryMs).length
    return Math.min(Math.max(delayMaxMs, this.#delayMs), this.#delayMs * 2 ** Math.max(0, falls - 1))
  }

  /** The partitions, by topic id, whose preferred replica has waited long enough: so many at most. Called about once a second. */
  due(view: View, nowMs: number, max: number): Map<string, number[]> {
    const due = new Map<string, number[]>()
    if (this.#delayMs === 0) return due
    const since = new Map<string, number>()
    let left = max
    for (const topic of view.all('topic')) {
      if (topic.deleted || isInDoubt(topic)) continue
      for (const [index, { leader, replicas, isr, next }] of topic.partitions.entries()) {
        const [first] = replicas
        if (first === undefined || leader === -1 || leader === first || !isr.includes(first)) continue
        // One that is on its way, and does not get there, has to wait anew.
        if (next !== undefined) continue
        const key = `${topic.topicId}/${index}`
        const sinceMs = this.#since.get(key) ?? nowMs
        since.set(key, sinceMs)
        if (left === 0 || nowMs - sinceMs < this.delayOf(first, nowMs)) continue
        left -= 1
        const partitions = due.get(topic.topicId)
        if (partitions === undefined) due.set(topic.topicId, [index])
        else partitions.push(index)
      }
    }
    this.#since = since
    return due
  }
}

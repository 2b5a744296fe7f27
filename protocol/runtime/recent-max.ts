// The largest value of about the last minute, in a few slots: noting one costs a comparison.
const slotMs = 10_000
const slots = 6

export class RecentMax {
  readonly #max = new Array<number>(slots).fill(0)
  #slot = 0

  /** `nowMs` never goes back. */
  note(value: number, nowMs: number): void {
    this.#moveTo(nowMs)
    const at = this.#slot % slots
    if (value > this.#max[at]!) this.#max[at] = value
  }

  /** Of the last 50 to 60 seconds; 0: nothing was noted. */
  largest(nowMs: number): number {
    this.#moveTo(nowMs)
    return Math.max(...this.#max)
  }

  #moveTo(nowMs: number): void {
    const slot = Math.floor(nowMs / slotMs)
    if (slot === this.#slot) return
    for (let gone = Math.max(this.#slot + 1, slot - slots + 1); gone <= slot; gone++) this.#max[gone % slots] = 0
    this.#slot = slot
  }
}

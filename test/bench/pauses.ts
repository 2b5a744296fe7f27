// How long a producer was left waiting: the longest time between two acknowledgements of a partition, around a moment.

/** When the messages of a partition were acknowledged, by partition. */
export class AckTimes {
  readonly #times = new Map<string, number[]>()

  note(partition: string, atMs: number): void {
    const times = this.#times.get(partition)
    if (times) times.push(atMs)
    else this.#times.set(partition, [atMs])
  }

  /** When the partition was last heard of; 0: never. */
  last(partition: string): number {
    return this.#times.get(partition)?.at(-1) ?? 0
  }

  /** The longest pause that a partition saw of those that touch the span. One that had not ended by `untilMs` counts until then. */
  pauseMs(partition: string, fromMs: number, untilMs: number): number {
    return longestGapMs(this.#times.get(partition) ?? [], fromMs, untilMs)
  }

  /** Forgets what is older. */
  dropBefore(atMs: number): void {
    for (const [partition, times] of this.#times) {
      this.#times.set(
        partition,
        times.filter((time, index) => time >= atMs || index === times.length - 1),
      )
    }
  }
}

/** Of a rising list of times. Acknowledgements of one request come together, so a gap is what lies between two of them. */
export function longestGapMs(times: readonly number[], fromMs: number, untilMs: number): number {
  let before = fromMs
  let longest = 0
  for (const time of times) {
    if (time > fromMs) longest = Math.max(longest, Math.min(time, untilMs) - before)
    if (time >= untilMs) return longest
    before = time
  }
  return Math.max(longest, untilMs - before)
}

/** Nearest rank. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN
}

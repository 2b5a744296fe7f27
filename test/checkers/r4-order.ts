// R4: within a partition a producer's messages stand in the order sent, without duplicates. Offsets rise by one.
import { describe, type History, type Stored, type Verdict, verdict } from './history.ts'

export function checkOrder(history: History): Verdict {
  const violations: string[] = []
  let judged = 0
  for (const [partition, records] of history.stored) {
    const last = new Map<string, Stored>()
    let previousOffset: number | null = null
    for (const record of records) {
      judged++
      if (previousOffset !== null && record.offset !== previousOffset + 1) {
        violations.push(`partition ${partition} goes from offset ${previousOffset} to ${record.offset}`)
      }
      previousOffset = record.offset
      const before = last.get(record.key)
      if (before !== undefined && record.n <= before.n) {
        const what = record.n === before.n ? 'stands twice' : 'stands after a later one'
        violations.push(
          `${describe(record)} ${what}: offsets ${before.offset} and ${record.offset} of partition ${partition}`,
        )
      }
      last.set(record.key, record)
    }
  }
  return verdict('R4 order, no duplicates', judged, [...violations, ...checkGaps(history)])
}

/** A message missing between two that are there was skipped, unless its send failed or a power loss took it. */
function checkGaps(history: History): string[] {
  const stored = new Map<string, Set<number>>()
  const lossy = new Set(history.losses.map((loss) => loss.partition))
  for (const [partition, records] of history.stored) {
    if (lossy.has(partition)) continue
    for (const { key, n } of records) {
      const numbers = stored.get(key) ?? new Set()
      numbers.add(n)
      stored.set(key, numbers)
    }
  }
  const violations: string[] = []
  for (const message of history.acknowledged) {
    const numbers = stored.get(message.key)
    if (numbers === undefined || lossy.has(message.partition)) continue
    if (!numbers.has(message.n)) violations.push(`${describe(message)} is missing among its key's messages`)
  }
  return violations
}

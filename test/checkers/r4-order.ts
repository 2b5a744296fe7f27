// R4: within a partition a producer's messages stand in the order sent, without duplicates or gaps; offsets rise by one.
import { describe, type History, type Message, type Stored, type Verdict, verdict } from './history.ts'

export function checkOrder(history: History): Verdict {
  const violations: string[] = []
  const mayMiss = new Set(history.failed.map(describe))
  let judged = 0
  for (const [partition, records] of history.stored) {
    judged += records.length
    const hasLost = history.losses.some((loss) => loss.partition === partition)
    violations.push(...checkOffsets(partition, records))
    violations.push(...checkKeys(partition, records, (message) => hasLost || mayMiss.has(describe(message))))
  }
  return verdict('R4 order, no duplicates, no gaps', judged, violations)
}

function checkOffsets(partition: number, records: readonly Stored[]): string[] {
  const jumps = records.filter((record, i) => i > 0 && record.offset !== records[i - 1]!.offset + 1)
  return jumps.map((record) => `partition ${partition}: offset ${record.offset} does not follow on the one before it`)
}

/** Each key's messages are 0, 1, 2, ...: none twice, none late, none left out but those that may be missing. */
function checkKeys(partition: number, records: readonly Stored[], mayMiss: (message: Message) => boolean): string[] {
  const violations: string[] = []
  const last = new Map<string, Stored>()
  for (const record of records) {
    const { key, n } = record
    const before = last.get(key)
    if (before !== undefined && n <= before.n) {
      const what = n === before.n ? 'stands twice' : 'stands after a later one'
      violations.push(
        `${describe(record)} ${what}: offsets ${before.offset} and ${record.offset} of partition ${partition}`,
      )
    }
    for (let missing = (before?.n ?? -1) + 1; missing < n; missing++) {
      if (mayMiss({ key, n: missing })) continue
      violations.push(
        `${key}#${missing} is missing before ${describe(record)} at offset ${record.offset} of partition ${partition}`,
      )
    }
    last.set(key, record)
  }
  return violations
}

// R4: within a partition a producer's messages stand in the order sent, without duplicates or gaps; offsets rise by one.
import { isExcused } from './excuses.ts'
import { describe, type History, type Message, type Stored, type Verdict, verdict } from './history.ts'

export function checkOrder(history: History): Verdict {
  const violations: string[] = []
  const mayMiss = excusedMessages(history)
  let judged = 0
  for (const [partition, records] of history.stored) {
    judged += records.length
    violations.push(...checkOffsets(partition, records), ...checkKeys(partition, records, mayMiss))
  }
  return verdict('R4 order, no duplicates, no gaps', judged, violations)
}

/** Their sends failed, their process died, or they are lost as the promises allow. */
function excusedMessages(history: History): ReadonlySet<string> {
  const excused = new Set(history.failed.map(describe))
  for (const one of history.acknowledged) if (isExcused(history, one)) excused.add(describe(one))
  return excused
}

function checkOffsets(partition: string, records: readonly Stored[]): string[] {
  const jumps = records.filter((record, i) => i > 0 && record.offset !== records[i - 1]!.offset + 1)
  return jumps.map((record) => `${partition}: offset ${record.offset} does not follow on the one before it`)
}

/** Each key's messages are 0, 1, 2, ...: none twice, none late, none left out but those that may be missing. */
function checkKeys(partition: string, records: readonly Stored[], mayMiss: ReadonlySet<string>): string[] {
  const violations: string[] = []
  const last = new Map<string, Stored>()
  for (const record of records) {
    const { key, n } = record
    const before = last.get(key)
    if (before !== undefined && n <= before.n) {
      const what = n === before.n ? 'stands twice' : 'stands after a later one'
      violations.push(`${describe(record)} ${what}: offsets ${before.offset} and ${record.offset} of ${partition}`)
    }
    for (let missing = (before?.n ?? -1) + 1; missing < n; missing++) {
      const message: Message = { key, n: missing }
      if (mayMiss.has(describe(message))) continue
      violations.push(
        `${describe(message)} is missing before ${describe(record)} at offset ${record.offset} of ${partition}`,
      )
    }
    last.set(key, record)
  }
  return violations
}

// Liveness: once the faults have ended, everything that was sent is acknowledged, and all that stands in the log was handled.
import { describe, type History, type Verdict, verdict } from './history.ts'

export function checkProgress(history: History): Verdict {
  const violations: string[] = []
  const acknowledged = new Set(history.acknowledged.map(describe))
  for (const message of history.sent) {
    if (!acknowledged.has(describe(message))) violations.push(`${describe(message)} was sent and never acknowledged`)
  }
  const done = new Set(history.handled.filter((one) => one.done).map(describe))
  for (const [partition, records] of history.stored) {
    for (const record of records) {
      if (!done.has(describe(record))) {
        violations.push(`${describe(record)} at offset ${record.offset} of partition ${partition} was never handled`)
      }
    }
  }
  return verdict('progress after the faults', history.sent.length, violations)
}

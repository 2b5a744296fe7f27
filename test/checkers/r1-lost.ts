// R1, and R3's "at the same offset that the producer was told": an acknowledged message stands in the log, at its offset.
import { type Acknowledged, describe, type History, type Verdict, verdict } from './history.ts'

export function checkLost(history: History): Verdict {
  const violations: string[] = []
  const at = new Map<string, { key: string; n: number }>()
  for (const [partition, records] of history.stored) {
    for (const record of records) at.set(`${partition}@${record.offset}`, record)
  }
  for (const message of history.acknowledged) {
    if (isExcused(history, message)) continue
    const stored = at.get(`${message.partition}@${message.offset}`)
    const where = `partition ${message.partition} offset ${message.offset}`
    if (stored === undefined) {
      violations.push(
        `${describe(message)} was acknowledged at ${message.atMs.toFixed(0)} ms at ${where}: nothing is there`,
      )
    } else if (stored.key !== message.key || stored.n !== message.n) {
      violations.push(`${describe(message)} was acknowledged at ${where}: ${describe(stored)} is there`)
    }
  }
  return verdict('R1 nothing acknowledged is lost', history.acknowledged.length, violations)
}

function isExcused(history: History, message: Acknowledged): boolean {
  return history.losses.some(
    (loss) => loss.partition === message.partition && message.offset >= loss.fromOffset && message.atMs <= loss.atMs,
  )
}

// Liveness: once the faults have ended, everything that was sent is acknowledged, all that stands in the log was handled, and every
// partition has a leader and all of its replicas in sync.
import { describe, type History, type Verdict, verdict } from './history.ts'

export function checkProgress(history: History): Verdict {
  const violations: string[] = []
  const settled = new Set([...history.acknowledged, ...history.failed].map(describe))
  for (const message of history.sent) {
    if (!settled.has(describe(message))) violations.push(`${describe(message)} was sent and never acknowledged`)
  }
  violations.push(...unhandled(history), ...unwell(history))
  return verdict('progress after the faults', history.sent.length, violations)
}

/** Of the topics that some group handles. */
function unhandled({ handled, stored }: History): string[] {
  const violations: string[] = []
  const done = new Set(handled.filter((one) => one.done).map(describe))
  const topics = new Set(handled.map(({ partition }) => topicOf(partition)))
  for (const [partition, records] of stored) {
    if (!topics.has(topicOf(partition))) continue
    for (const record of records) {
      if (!done.has(describe(record))) {
        violations.push(`${describe(record)} at offset ${record.offset} of ${partition} was never handled`)
      }
    }
  }
  return violations
}

function unwell({ ends }: History): string[] {
  return ends.flatMap(({ partition, leader, replicas, isr }) => {
    if (leader < 0) return [`${partition} has no leader at the end`]
    const missing = replicas.filter((id) => !isr.includes(id))
    return missing.length > 0 ? [`${partition}: brokers ${missing.join(', ')} are not in sync at the end`] : []
  })
}

function topicOf(partition: string): string {
  return partition.slice(0, partition.lastIndexOf('/'))
}

// R3: what one consumer read, every consumer reads, at the same offset, and it stands there at the end; and nobody sees the end
// of what may be read go back.
import { wasLost } from './excuses.ts'
import { describe, groupBy, type History, type Message, type Verdict, verdict } from './history.ts'

const theLog = 'the log'

interface Seen extends Message {
  readonly who: string
  readonly partition: string
  readonly offset: number
  readonly atMs: number
}

export function checkAgree(history: History): Verdict {
  const violations: string[] = []
  const seen = allSeen(history)
  for (const [where, all] of groupBy(seen, ({ partition, offset }) => `${partition}@${offset}`)) {
    const first = all[0]!
    if (isGone(history, all.at(-1)!))
      violations.push(`offset ${where} was ${describe(first)} for ${first.who}: nothing is there`)
    for (const other of all) {
      if (other.key === first.key && other.n === first.n) continue
      if (wasLost(history, first.partition, first.offset, Math.min(first.atMs, other.atMs))) continue
      violations.push(`offset ${where} was ${describe(first)} for ${first.who} and ${describe(other)} for ${other.who}`)
    }
  }
  return verdict('R3 consumers agree', history.handled.length + history.reads.length, violations)
}

/** Somebody read it, and the log at the end has not got it. */
function isGone(history: History, last: Seen): boolean {
  const records = history.stored.get(last.partition)
  if (last.who === theLog || records === undefined) return false
  const isRetained = last.offset >= (records[0]?.offset ?? 0)
  return isRetained && !wasLost(history, last.partition, last.offset, last.atMs)
}

/** What anybody saw anywhere; what stands there at the end comes last. */
function allSeen({ handled, reads, stored }: History): Seen[] {
  const seen: Seen[] = handled.map((one) => ({ ...one, who: one.member, atMs: one.startMs }))
  for (const one of reads) seen.push({ ...one, who: one.reader })
  const judged = new Set(seen.map(({ partition }) => partition))
  for (const [partition, records] of stored) {
    if (!judged.has(partition)) continue
    for (const one of records) seen.push({ ...one, partition, who: theLog, atMs: Number.POSITIVE_INFINITY })
  }
  return seen
}

/** A new leader may know an older end for a moment: R3 makes it say that it does not know, or clients would go back. */
export function checkEnds(history: History): Verdict {
  const violations: string[] = []
  for (const all of groupBy(history.seenEnds, ({ reader, partition }) => `${reader} ${partition}`).values()) {
    let highest = all[0]!
    for (const next of all) {
      const { offset, atMs, askedMs = atMs } = highest
      if (next.offset >= offset || wasLost(history, next.partition, offset - 1, askedMs)) {
        highest = next
        continue
      }
      const [now, before] = [next, highest].map((end) => `${end.offset} at ${end.atMs.toFixed(0)} ms`)
      violations.push(`${next.partition}: ${next.reader} was told the end ${now}, after ${before}`)
    }
  }
  return verdict('R3 no reader sees the end go back', history.seenEnds.length, violations)
}

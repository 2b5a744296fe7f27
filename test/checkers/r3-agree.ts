// R3: what one consumer read, every consumer reads, at the same offset, and it stands there at the end; and nobody sees the end
// of what may be read go back.
import { firstLost, type Seen, wasLost } from './excuses.ts'
import { describe, groupBy, type History, type SeenEnd, type Verdict, verdict } from './history.ts'

const theLog = 'the log'

interface SeenBy extends Seen {
  readonly who: string
}

export function checkAgree(history: History): Verdict {
  const violations: string[] = []
  for (const [where, all] of groupBy(allSeen(history), ({ partition, offset }) => `${partition}@${offset}`)) {
    const isLost = (one: SeenBy) => one.who !== theLog && wasLost(history, one)
    const there = all.filter((one) => !isLost(one))
    violations.push(...disagreements(where, there))
    const [first] = there
    if (first !== undefined && isGone(history, there.at(-1)!)) {
      violations.push(`offset ${where} was ${describe(first)} for ${first.who}: nothing is there`)
    }
    // What is gone was the same for all, too: there was one message at each offset of an epoch.
    const gone = all.filter((one) => isLost(one) && one.leaderEpoch !== undefined)
    for (const [epoch, ofEpoch] of groupBy(gone, ({ leaderEpoch }) => String(leaderEpoch))) {
      violations.push(...disagreements(`${where} of epoch ${epoch}`, ofEpoch))
    }
  }
  return verdict('R3 consumers agree', history.handled.length + history.reads.length, violations)
}

function disagreements(where: string, [first, ...others]: readonly SeenBy[]): string[] {
  if (first === undefined) return []
  const different = others.filter(({ key, n }) => key !== first.key || n !== first.n)
  return different.map((other) => {
    return `offset ${where} was ${describe(first)} for ${first.who} and ${describe(other)} for ${other.who}`
  })
}

/** Somebody read it, and the log at the end has not got it. */
function isGone(history: History, last: SeenBy): boolean {
  const records = history.stored.get(last.partition)
  return last.who !== theLog && records !== undefined && last.offset >= (records[0]?.offset ?? 0)
}

/** What anybody saw anywhere; what stands there at the end comes last. */
function allSeen({ handled, reads, stored }: History): SeenBy[] {
  const seen: SeenBy[] = handled.map((one) => ({ ...one, who: one.member, atMs: one.startMs }))
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
      if (next.offset >= highest.offset || wasEndLost(history, highest)) {
        highest = next
        continue
      }
      const [now, before] = [next, highest].map((end) => `${end.offset} at ${end.atMs.toFixed(0)} ms`)
      violations.push(`${next.partition}: ${next.reader} was told the end ${now}, after ${before}`)
    }
  }
  return verdict('R3 no reader sees the end go back', history.seenEnds.length, violations)
}

/** What stood before it was lost, since who was told asked for it. */
function wasEndLost(history: History, { partition, offset, atMs, askedMs = atMs }: SeenEnd): boolean {
  const { losses } = history
  return losses.some((loss) => {
    return loss.partition === partition && askedMs <= loss.atMs && firstLost(history, loss) < offset
  })
}

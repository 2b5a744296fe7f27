// R3: what one consumer read, every consumer reads, at the same offset; a member reads a partition in the log's order.
import { describe, type Handled, type History, type Verdict, verdict } from './history.ts'

export function checkAgree(history: History): Verdict {
  const violations: string[] = []
  const seen = new Map<string, Handled[]>()
  for (const handled of history.handled) {
    const where = `${handled.partition}@${handled.offset}`
    const others = seen.get(where) ?? []
    for (const other of others) {
      if (sameMessage(other, handled) || lostBetween(history, other, handled)) continue
      violations.push(
        `offset ${where} was ${describe(other)} for ${other.member} and ${describe(handled)} for ${handled.member}`,
      )
    }
    others.push(handled)
    seen.set(where, others)
  }
  return verdict('R3 consumers agree', history.handled.length, violations)
}

function sameMessage(a: Handled, b: Handled): boolean {
  return a.key === b.key && a.n === b.n
}

/** The later one was handled after a power loss that took the offset; what had been fetched before it may be handled after it, too. */
function lostBetween(history: History, a: Handled, b: Handled): boolean {
  return history.losses.some(
    (loss) =>
      loss.partition === a.partition && a.offset >= loss.fromOffset && loss.atMs <= Math.max(a.startMs, b.startMs),
  )
}

// R1 and R2, and R3's "at the same offset that the producer was told": an acknowledged message stands in the log, at its offset.
import { isExcused } from './excuses.ts'
import { type AckLevel, type Acknowledged, describe, type History, type Verdict, verdict } from './history.ts'

/** At Ack -1 nothing is lost; at Ack 1 nothing that R2 does not allow. */
export function checkLost(history: History, level: AckLevel): Verdict {
  const promise = level === 1 ? 'R2 at Ack 1 a second is lost at most' : 'R1 nothing acknowledged is lost'
  // A partition that could not be read shows nothing: that it has no leader is another promise's business.
  const canJudge = (one: Acknowledged) => one.level === level && one.offset >= 0 && history.stored.has(one.partition)
  const judged = history.acknowledged.filter(canJudge)
  const stored = storedAt(history)
  const violations = judged.flatMap((message) => {
    const problem = problemOf(message, stored)
    return problem === null || isExcused(history, message) ? [] : [problem]
  })
  return verdict(promise, judged.length, violations)
}

/** A loss is allowed by something, or it must not be. */
export function checkLosses(history: History): Verdict {
  const violations = history.losses
    .filter(({ why }) => why === null)
    .map(({ partition, fromOffset, toOffset, atMs }) => {
      return `${partition}: offsets ${fromOffset} to ${toOffset} were given up at ${atMs.toFixed(0)} ms, and nothing permits that`
    })
  return verdict('R7 only what is permitted is given up', history.acknowledged.length, violations)
}

function storedAt({ stored }: History): Map<string, { key: string; n: number }> {
  const at = new Map<string, { key: string; n: number }>()
  for (const [partition, records] of stored) {
    for (const record of records) at.set(`${partition}@${record.offset}`, record)
  }
  return at
}

function problemOf(message: Acknowledged, stored: Map<string, { key: string; n: number }>): string | null {
  const where = `${message.partition} offset ${message.offset}`
  const found = stored.get(`${message.partition}@${message.offset}`)
  const said = `${describe(message)} was acknowledged at ${message.atMs.toFixed(0)} ms at ${where}`
  if (found === undefined) return `${said}: nothing is there`
  if (found.key === message.key && found.n === message.n) return null
  return `${said}: ${describe(found)} is there`
}

// R1 and R2, and R3's "at the same offset that the producer was told": an acknowledged message stands in the log, at its offset.
import { isExcused, isTaken, mayBeLostAtAck1 } from './excuses.ts'
import {
  type AckLevel,
  type Acknowledged,
  describe,
  type History,
  type Loss,
  type Verdict,
  verdict,
} from './history.ts'

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

/** A loss is allowed by something, or it must not be; and no more is gone by it than was counted. */
export function checkLosses(history: History): Verdict {
  const violations = history.losses.flatMap((loss) => {
    const { partition, endOffset, leaderEpoch, atMs, messagesMax, why } = loss
    const when = `${partition}: epoch ${leaderEpoch} began at offset ${endOffset} at ${atMs.toFixed(0)} ms`
    if (why === null) return [`${when}, and nothing permits that something is given up`]
    const gone = messagesMax === null ? [] : acknowledgedIn(history, loss)
    if (messagesMax === null || gone.length <= messagesMax) return []
    const which = gone.map((one) => `${describe(one)} at ${one.offset}`)
    return [
      `${when}, ${messagesMax} messages counted as lost at most: ${which.length} are, ${which.slice(0, 5).join(', ')}`,
    ]
  })
  return verdict('R7 only what is permitted is given up', history.acknowledged.length, violations)
}

/** What this loss took of what was acknowledged, and nothing before it. */
function acknowledgedIn(history: History, loss: Loss): Acknowledged[] {
  const before = history.losses.filter(({ leaderEpoch }) => leaderEpoch < loss.leaderEpoch)
  return history.acknowledged.filter((message) => {
    if (message.level === 0 || !isTaken(loss, message) || before.some((other) => isTaken(other, message))) return false
    return message.level === -1 || !mayBeLostAtAck1(history, message)
  })
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

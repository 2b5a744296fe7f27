// What the promises themselves permit: losses that were counted, and what R2 says of Ack 1.
import type { Acknowledged, History, Loss, Message } from './history.ts'

/** The second of R2. */
const secondMs = 1_000

/** A message that somebody saw somewhere, or was told of. */
export interface Seen extends Message {
  readonly partition: string
  readonly offset: number
  /** Under which it was written; absent: who saw it does not know. */
  readonly leaderEpoch?: number
  readonly atMs: number
}

/** A loss that was counted took it. */
export function wasLost(history: History, seen: Seen): boolean {
  return history.losses.some((loss) => isTaken(loss, seen))
}

/**
 * Times say little of what was before what: who saw a message may have had it for long, as a process does that stood still. So the leader
 * epoch decides, where it is known.
 */
export function isTaken(loss: Loss, seen: Seen): boolean {
  if (loss.partition !== seen.partition) return false
  const isBefore = seen.leaderEpoch === undefined ? seen.atMs <= loss.atMs : seen.leaderEpoch < loss.leaderEpoch
  return isBefore && !isKept(loss, seen)
}

function isKept({ endOffset, kept }: Loss, { offset, key, n }: Seen): boolean {
  if (offset >= endOffset || kept === null) return offset < endOffset
  const there = kept.get(offset)
  return there?.key === key && there.n === n
}

/** The first offset of what a loss took: below the end of the log that goes on, where that has something else than somebody saw. */
export function firstLost({ acknowledged, handled, reads }: History, loss: Loss): number {
  let first = loss.endOffset
  const look = (seen: Seen) => {
    if (seen.offset >= 0 && seen.offset < first && isTaken(loss, seen)) first = seen.offset
  }
  for (const one of acknowledged) look(one)
  for (const one of reads) look(one)
  for (const one of handled) look({ ...one, atMs: one.startMs })
  return first
}

/**
 * R2: acknowledged at Ack 1, and something was wrong within a second of it. While all is well every replica that may be elected has it
 * within the second, and no later death of the leader takes it; while something is wrong the leader answers nothing after a second. With a
 * follower, too: one that is cut off lacks what was acknowledged in that second, and may be elected long after.
 */
export function mayBeLostAtAck1(history: History, message: Acknowledged): boolean {
  const { atMs, sentMs = atMs } = message
  return history.troubles.some(({ fromMs, untilMs }) => fromMs <= atMs + secondMs && untilMs >= sentMs - secondMs)
}

/** An acknowledged message that need not be there. */
export function isExcused(history: History, message: Acknowledged): boolean {
  if (message.level === 0 || wasLost(history, message)) return true
  return message.level === 1 && mayBeLostAtAck1(history, message)
}

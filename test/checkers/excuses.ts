// What the promises themselves permit: losses that were counted, and what R2 says of Ack 1.
import type { Acknowledged, History } from './history.ts'

/** The second of R2. */
const secondMs = 1_000

/** A loss that was counted took it. */
export function wasLost(history: History, partition: string, offset: number, atMs: number): boolean {
  return history.losses.some(
    (loss) => loss.partition === partition && offset >= loss.fromOffset && offset < loss.toOffset && atMs <= loss.atMs,
  )
}

/**
 * R2: acknowledged at Ack 1, and something was wrong within a second of it. While all is well every replica that may be elected has it
 * within the second, and no later death of the leader takes it; while something is wrong the leader answers nothing after a second.
 */
export function mayBeLostAtAck1(history: History, message: Acknowledged): boolean {
  const { atMs, sentMs = atMs } = message
  return history.troubles.some(({ fromMs, untilMs }) => fromMs <= atMs + secondMs && untilMs >= sentMs - secondMs)
}

/** An acknowledged message that need not be there. */
export function isExcused(history: History, message: Acknowledged): boolean {
  if (message.level === 0) return true
  if (wasLost(history, message.partition, message.offset, message.atMs)) return true
  return message.level === 1 && mayBeLostAtAck1(history, message)
}

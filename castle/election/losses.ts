// The record of leaders that may lack what was acknowledged, kept with the topic (R7, R8: counted and shown).
import type { Loss, Topic } from '../state/entities.ts'
import type { UncleanOutcome } from './unclean.ts'

/** Those that a topic keeps; the last one's number counts all. */
const lossesMax = 100

export type UncleanElected = Extract<UncleanOutcome, { kind: 'elected' }>

/** `already`: how many of this change come before it. */
export function nextLoss(
  topic: Topic,
  already: number,
  partition: number,
  elected: UncleanElected,
  atMs: number,
): Loss {
  const { from, messagesMax, state } = elected
  const number = (topic.losses?.at(-1)?.number ?? 0) + already + 1
  return {
    number,
    partition,
    atMs,
    from,
    to: state.salvage?.brokerId ?? state.leader,
    leaderEpoch: state.leaderEpoch,
    messagesMax,
  }
}

export function withLosses(topic: Topic, losses: readonly Loss[]): Topic {
  return losses.length === 0 ? topic : { ...topic, losses: [...(topic.losses ?? []), ...losses].slice(-lossesMax) }
}

// A member's part of KIP-848, as pure decisions: what an answer of the coordinator means, and what to give up and take on.
//
// The coordinator says what this member may hold now. What is missing in that is given up first: handlers finish, offsets are
// committed, and only the heartbeat that no longer names it frees it for its next owner. What is new starts at once.
import { errors } from '@castellan/protocol'
import type { PartitionsByTopic } from '@castellan/protocol/heartbeat'

/**
 * ok: the answer counts.   rejoin: the coordinator does not know this member at this epoch, all is lost.   elsewhere: another broker
 * coordinates.   again: later, at the same broker.   refused: for good.
 */
export type HeartbeatVerdict = 'ok' | 'rejoin' | 'elsewhere' | 'again' | 'refused'

const verdicts = new Map<number, HeartbeatVerdict>([
  [errors.NONE.code, 'ok'],
  [errors.UNKNOWN_MEMBER_ID.code, 'rejoin'],
  [errors.FENCED_MEMBER_EPOCH.code, 'rejoin'],
  [errors.NOT_COORDINATOR.code, 'elsewhere'],
  [errors.COORDINATOR_NOT_AVAILABLE.code, 'elsewhere'],
])

export function heartbeatVerdict(errorCode: number, retriable: boolean): HeartbeatVerdict {
  return verdicts.get(errorCode) ?? (retriable ? 'again' : 'refused')
}

/**
 * done.   newEpoch: the member has got a newer epoch, try again with it.   elsewhere, again, refused: as above.
 * lost: the partition is another member's, or the group has forgotten this one.
 */
export type CommitVerdict = 'done' | 'newEpoch' | 'elsewhere' | 'again' | 'lost' | 'refused'

const commitVerdicts = new Map<number, CommitVerdict>([
  [errors.NONE.code, 'done'],
  [errors.STALE_MEMBER_EPOCH.code, 'newEpoch'],
  [errors.NOT_COORDINATOR.code, 'elsewhere'],
  [errors.COORDINATOR_NOT_AVAILABLE.code, 'elsewhere'],
  [errors.UNKNOWN_MEMBER_ID.code, 'lost'],
  [errors.FENCED_MEMBER_EPOCH.code, 'lost'],
  [errors.ILLEGAL_GENERATION.code, 'lost'],
])

export function commitVerdict(errorCode: number, retriable: boolean): CommitVerdict {
  return commitVerdicts.get(errorCode) ?? (retriable ? 'again' : 'refused')
}

export interface TopicPartition {
  readonly topicId: string
  readonly partition: number
}

export function keyOf({ topicId, partition }: TopicPartition): string {
  return `${topicId}/${partition}`
}

/** What to give up and what to take on, in the order of `target`. */
export function reconcile(
  held: readonly TopicPartition[],
  target: readonly { readonly topicId: string; readonly partitions: readonly number[] }[],
): { revoke: TopicPartition[]; add: TopicPartition[] } {
  const wanted = target.flatMap(({ topicId, partitions }) => partitions.map((partition) => ({ topicId, partition })))
  const wantedKeys = new Set(wanted.map(keyOf))
  const heldKeys = new Set(held.map(keyOf))
  return {
    revoke: held.filter((one) => !wantedKeys.has(keyOf(one))),
    add: wanted.filter((one) => !heldKeys.has(keyOf(one))),
  }
}

/** As heartbeats name them. */
export function byTopic(held: readonly TopicPartition[]): PartitionsByTopic {
  const topics: PartitionsByTopic = {}
  for (const { topicId, partition } of held) {
    topics[topicId] ??= []
    topics[topicId].push(partition)
  }
  return topics
}

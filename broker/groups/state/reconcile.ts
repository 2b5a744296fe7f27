// Brings one member a step nearer to its target, in its own heartbeat (KIP-848, "reconciliation"):
//
//   epoch = the target's, assigned = what it keeps, revoking = what it shall give up     (only when it shall)
//     |  it beats at this epoch, and no longer reports them
//   epoch = the target's, assigned = what it keeps + what is free of its target
//
// A partition is free when its last owner has given it up or is gone. What did not change is never revoked.
//
// Kafka's coordinator leaves the epoch as it is while a member gives up. Here it rises with the demand, and only a
// report made at that epoch counts: so it was made by a client that knows of the demand. Otherwise a heartbeat that was
// late, or made before an earlier assignment was applied, would seem to give up what the client still works on, and
// there would be two owners (S3). Commits are fenced by partition (commits.ts), so a risen epoch permits nothing.
import assert from 'node:assert/strict'
import type { Holding, Member } from './group.ts'
import { countOwned, countTarget, nothingOwned, split, stillReports, type TopicPartitions, withFree } from './owned.ts'

/** What of the heartbeat matters here. */
export interface Report {
  readonly memberEpoch: number
  /** What the client holds; null: not said. */
  readonly topicPartitions: readonly TopicPartitions[] | null
}

/** The next holding of `member`; the same object when there is nothing to do, or it must wait. */
export function reconcile(
  member: Member,
  targetEpoch: number,
  report: Report,
  isFree: (topicId: string, partition: number) => boolean,
): Holding {
  const { holding, target } = member
  const revoking = holding.revoking.size > 0
  if (revoking && !isGivenUp(holding, report)) return holding
  if (!revoking && hasAll(member, targetEpoch)) return holding

  const reached = holding.epoch === targetEpoch
  const previousEpoch = reached ? holding.previousEpoch : holding.epoch
  const { kept, lost } = split(holding.assigned, target)
  if (lost.size > 0) {
    assert(!reached, `member ${member.id} has reached epoch ${targetEpoch} with more than its target`)
    return { epoch: targetEpoch, previousEpoch, assigned: kept, revoking: lost }
  }
  const assigned = withFree(kept, target, targetEpoch, (topicId, partition) => {
    return isFree(topicId, partition) || holding.revoking.get(topicId)?.has(partition) === true
  })
  // It waits for others to give up the rest.
  if (reached && !revoking && countOwned(assigned) === countOwned(holding.assigned)) return holding
  return { epoch: targetEpoch, previousEpoch, assigned, revoking: nothingOwned }
}

function isGivenUp(holding: Holding, { memberEpoch, topicPartitions }: Report): boolean {
  return memberEpoch === holding.epoch && !stillReports(topicPartitions, holding.revoking)
}

/** Has the member reached its target? At the target's epoch it holds nothing else, so counting is enough. */
export function hasAll({ holding, target }: Member, targetEpoch: number): boolean {
  return (
    holding.epoch === targetEpoch && holding.revoking.size === 0 && countOwned(holding.assigned) === countTarget(target)
  )
}

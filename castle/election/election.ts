// Who leads a partition. Pure, and changes only what must change: a leader that can go on, goes on.
//
// Each election raises the leader epoch, also one that ends without a leader (so the old one is fenced) and one that a
// new process of the same broker wins: a new process leads nothing until it has a new leader epoch (R5).
import type { PartitionState } from '@castellan/protocol/heartbeat'

export interface Candidates {
  /** Alive, and its log of this partition in use (R9). */
  isElectable(brokerId: number): boolean
  /** A new process of this broker registered: what it led before, it does not lead now. */
  readonly reborn?: number
  /** The highest leader epoch that any replica reports; a new one must be above it (R14). -1: none. */
  readonly highestEpoch: number
}

/** The partition after the election, or undefined when nothing has to change. */
export function elect(partition: PartitionState, candidates: Candidates): PartitionState | undefined {
  const { leader, leaderEpoch } = partition
  const mayGoOn =
    leader !== -1 &&
    leader !== candidates.reborn &&
    candidates.isElectable(leader) &&
    leaderEpoch >= candidates.highestEpoch
  if (mayGoOn) return undefined
  const next = leaderAfter(partition, candidates)
  if (next === -1 && leader === -1) return undefined
  return {
    ...partition,
    leader: next,
    leaderEpoch: Math.max(leaderEpoch, candidates.highestEpoch) + 1,
    partitionEpoch: partition.partitionEpoch + 1,
  }
}

/** The leader where it can go on, else the first replica in sync that can; else none (R7: never one out of sync). */
function leaderAfter(partition: PartitionState, candidates: Candidates): number {
  if (partition.leader !== -1 && candidates.isElectable(partition.leader)) return partition.leader
  const next = partition.replicas.find((id) => partition.isr.includes(id) && candidates.isElectable(id))
  return next ?? -1
}

// What the newest that Castle said of a partition asks of the replica here. Pure: duty.test.ts has its cases as a table.
import type { PartitionState } from '@castellan/protocol/heartbeat'
import type { Sound } from '../log/salvage.ts'

/** The replica, when it is told. */
export interface ReplicaHere {
  readonly brokerId: number
  /** The epoch that it leads at; else the highest that it was told of or that its log has; -1: none. */
  readonly leaderEpoch: number
  readonly isLeader: boolean
  /** Its log is written to off the loop, or cut: until that is over it takes no other role. */
  readonly isBusy: boolean
  /** It has a log, and the log is well. */
  readonly isUsable: boolean
  /** The log is not what was written (R9). */
  readonly isDamaged: boolean
  /** It is fetched anew in place of a damaged one, and lacks something still (R9). */
  readonly isAnew: boolean
  /** What is sound of a log that is damaged or fetched anew; null: not known. */
  readonly sound: Pick<Sound, 'lastEpoch' | 'endOffset'> | null
  /** As PartitionsOptions has it. */
  readonly isNewest: boolean
}

export type Duty =
  /** Nothing: what was said is old, or it is told again when it can do more. */
  | { readonly kind: 'none' }
  /** It stops leading at once, and is told the rest when its log is idle. */
  | { readonly kind: 'stand down' }
  /** A reassignment took it away: its log goes (R13). */
  | { readonly kind: 'remove' }
  /** Its damaged log is put aside, and fetched anew (R9). */
  | { readonly kind: 'rebuild' }
  /** Nobody leads: Castle must know what is sound of its log, for a person may decide to go on with that (R9). */
  | { readonly kind: 'survey' }
  /** A person has: what is not sound is cut off. */
  | { readonly kind: 'salvage' }
  | { readonly kind: 'resign'; readonly leaderEpoch: number }
  | { readonly kind: 'follow'; readonly leader: number; readonly leaderEpoch: number }
  /** From now on, or still. */
  | { readonly kind: 'lead' }
  /** Its log was led at this or a higher epoch before: Castle hears of it by the report, and names a higher one (R5). */
  | { readonly kind: 'refuse to lead' }

const none: Duty = { kind: 'none' }

export function dutyOf(decided: PartitionState, here: ReplicaHere): Duty {
  const { leader, leaderEpoch, replicas, removed = [] } = decided
  const { brokerId } = here
  if (leaderEpoch < here.leaderEpoch) return none
  const leadsOn = leader === brokerId && here.isLeader && leaderEpoch === here.leaderEpoch
  if (here.isBusy && !leadsOn) return here.isLeader ? { kind: 'stand down' } : none
  const isReplica = replicas.includes(brokerId)
  if (!isReplica && removed.includes(brokerId)) return { kind: 'remove' }
  if (here.isDamaged && here.isNewest && mayRebuild(decided, brokerId)) return { kind: 'rebuild' }
  const isOut = here.isDamaged || (here.isAnew && here.isUsable)
  if (isOut && here.isNewest && isReplica && leader < 0) {
    if (here.sound === null && here.isDamaged) return { kind: 'survey' }
    if (isSalvage(decided, here)) return { kind: 'salvage' }
  }
  if (!here.isUsable) return none
  // Castle did not know yet that this log lacks something: it hears of it by the report, and elects another.
  const mustNotLead = leader === brokerId && here.isAnew
  if (!isReplica || leader < 0 || mustNotLead) return { kind: 'resign', leaderEpoch }
  if (leader !== brokerId) return { kind: 'follow', leader, leaderEpoch }
  return leadsOn || leaderEpoch > here.leaderEpoch ? { kind: 'lead' } : { kind: 'refuse to lead' }
}

/** What was decided of is what is there: a person has been shown what is lost by it, and of nothing else. */
function isSalvage({ salvage }: PartitionState, { brokerId, sound }: ReplicaHere): boolean {
  if (salvage?.brokerId !== brokerId || sound === null) return false
  return salvage.lastEpoch === sound.lastEpoch && salvage.endOffset === sound.endOffset
}

/** Somebody else leads, and nobody counts on this replica: what its log still has may go. */
function mayRebuild({ leader, replicas, isr, elr = [] }: PartitionState, brokerId: number): boolean {
  const isElsewhere = leader >= 0 && leader !== brokerId && replicas.includes(brokerId)
  return isElsewhere && !isr.includes(brokerId) && !elr.includes(brokerId)
}

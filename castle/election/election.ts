// Who leads a partition, and who counts as in sync, after something happened to its replicas. Pure, and changes only what must change: a
// leader that can go on, goes on.
//
//   isr, else elr, in the order of replicas; fit, else one that stops or has a full disk ---> leader, else -1
//   with a leader: who is dead, faulty, stopping or full leaves the ISR with it, so that the high watermark goes on at once
//   without one:   the ISR keeps its last members, for they hold what was acknowledged (KIP-966); only R8 takes one out
//
// Each election raises the leader epoch, also one that ends without a leader (so the old one is fenced) and one that a
// new process of the same broker wins: a new process leads nothing until it has a new leader epoch (R5).
//
// Where a message may be acknowledged that only the leader has (Ack 1), one that stops is not passed over at once: it leads on, `next` names who
// is to lead, and it hands over (hand-over.ts). The same goes for a preferred replica that is to lead again.
import type { PartitionState } from '@castellan/protocol/heartbeat'
import { elrAfter, type Rules, withIsr, withLeader, withNext } from './rules.ts'
import { isLeaving, type Standing } from './standing.ts'

const none: readonly number[] = []

export interface Electorate {
  standing(brokerId: number): Standing
  /** A new process of this broker registered: what it led before, it does not lead now. */
  readonly reborn?: number | undefined
  /** This broker's logs may lack what they had (R8): it is neither in sync nor eligible. */
  readonly unclean?: number | undefined
  /** The highest leader epoch that any replica reports; a new one must be above it (R14). -1: none. */
  readonly highestEpoch: number
  readonly rules: Rules
}

/** The partition after the election, or undefined when nothing has to change. */
export function elect(partition: PartitionState, electorate: Electorate): PartitionState | undefined {
  if (isWell(partition, electorate)) return undefined
  const { leader, leaderEpoch } = partition
  const { reborn, unclean, highestEpoch } = electorate
  const isr = partition.isr.filter((id) => id !== unclean)
  const elr = (partition.elr ?? none).filter((id) => id !== unclean)
  const wanted = leaderAmong(partition, isr, elr, electorate)
  const handsOver = wanted !== leader && canHandOver(partition, electorate)
  const next = handsOver ? leader : wanted
  const after = membersUnder(next, partition, isr, elr, electorate)
  const isNewTerm = next !== leader || (leader !== -1 && (leader === reborn || leaderEpoch < highestEpoch))
  const isSame = sameMembers(after.isr, partition.isr) && sameMembers(after.elr, partition.elr ?? none)
  const changed = isSame ? partition : withIsr(partition, after.isr, after.elr)
  const led = isNewTerm ? withLeader(changed, next, highestEpoch) : changed
  // Who is named already stays, as long as it can lead.
  const state = handsOver && led.next === undefined ? withNext(led, wanted) : led
  // One change, however much of the partition it is.
  return state === partition ? undefined : { ...state, partitionEpoch: partition.partitionEpoch + 1 }
}

/** Nobody died: who led stops, or has a full disk, and lives. */
function canHandOver({ leader, isr }: PartitionState, electorate: Electorate): boolean {
  const { rules, reborn, unclean, standing } = electorate
  const isItself = leader !== reborn && leader !== unclean
  return rules.handsOver && isItself && isr.includes(leader) && isLeaving(standing(leader))
}

/**
 * The partition led by its preferred replica, or on the way there; undefined when that leads already, or is not in sync and fit. Whoever led, it
 * is in sync still. The same object: it is on the way.
 */
export function preferred(
  partition: PartitionState,
  { standing, highestEpoch, rules }: Electorate,
): PartitionState | undefined {
  const [first = -1] = partition.replicas
  const { leader } = partition
  if (leader === first || leader === -1 || !partition.isr.includes(first) || standing(first) !== 'fit') return undefined
  if (rules.handsOver) return withNext(partition, first)
  return withLeader(partition, first, highestEpoch)
}

/** Most partitions are, whatever happened: seen without building anything. */
function isWell({ leader, leaderEpoch, isr, elr }: PartitionState, electorate: Electorate): boolean {
  if (leader === -1 || leader === electorate.reborn || leaderEpoch < electorate.highestEpoch || elr !== undefined)
    return false
  for (const id of isr) if (id === electorate.unclean || electorate.standing(id) !== 'fit') return false
  return isr.includes(leader)
}

/** The present leader where it can go on; else the first that can. R7: never one that may lack what was acknowledged. */
function leaderAmong(
  { leader, replicas }: PartitionState,
  isr: readonly number[],
  elr: readonly number[],
  { standing, rules }: Electorate,
): number {
  const eligible = rules.keepsElr ? elr : none
  for (const wanted of ['fit', 'full', 'stopping'] as const) {
    if (isr.includes(leader) && standing(leader) === wanted) return leader
    for (const id of replicas) if (isr.includes(id) && standing(id) === wanted) return id
    for (const id of replicas) if (eligible.includes(id) && standing(id) === wanted) return id
  }
  return -1
}

function membersUnder(
  leader: number,
  partition: PartitionState,
  isr: readonly number[],
  elr: readonly number[],
  { standing, rules, unclean }: Electorate,
): { isr: readonly number[]; elr: readonly number[] } {
  if (leader === -1) return { isr, elr: rules.keepsElr ? elr : none }
  // One that was only eligible, and leads, is all there is.
  const after = isr.includes(leader) ? isr.filter((id) => id === leader || standing(id) === 'fit') : [leader]
  const isSound = (id: number) => id !== unclean && standing(id) !== 'faulty'
  return { isr: after, elr: elrAfter(partition, after, rules, isSound) }
}

export function sameMembers(some: readonly number[], others: readonly number[]): boolean {
  return some.length === others.length && some.every((id) => others.includes(id))
}

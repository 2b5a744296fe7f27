// Elections of replicas that may lack what was acknowledged. Only where nobody who lacks nothing can lead:
//
//   R7   the topic allows it (unclean.leader.election.enable), or a person asks: the longest log of those that are there
//   R8   whoever was in sync stopped uncleanly, so that nobody is known to lack nothing: the longest log of all, once all have
//        reported; or of those that are there, when a person does not want to wait
//
// The longest is the one with the highest leader epoch of its last batch, then the one that ends last. A report counts when it was made
// after its replica heard that nobody leads: its log stands still since. Pure.
import type { PartitionState } from '@castellan/protocol/heartbeat'
import { isLeaving, type Standing } from './standing.ts'

/** Where the log of a replica that follows nobody ends. */
export interface LogEnd {
  /** The highest leader epoch that it knows of. */
  readonly leaderEpoch: number
  /** Of its last batch; -1: it has none. */
  readonly lastEpoch: number
  readonly endOffset: number
}

export interface UncleanElectorate {
  standing(brokerId: number): Standing
  /** Undefined: it has not said. */
  logEnd(brokerId: number): LogEnd | undefined
  readonly highestEpoch: number
  /** `asked`: by a person, who waits for nobody. */
  readonly allowed: 'asked' | 'by-topic' | 'never'
}

export type UncleanOutcome =
  | {
      readonly kind: 'elected'
      readonly state: PartitionState
      readonly from: number[]
      readonly messagesMax: number | null
    }
  /** For what these replicas say; `down`: nobody hears of them. */
  | { readonly kind: 'waiting'; readonly silent: number[]; readonly down: number[] }
  /** For one that was in sync or eligible to be there and fit again. */
  | { readonly kind: 'forbidden'; readonly inSync: number[] }

/** Of a partition without a leader, that was without one when its replicas were asked to report. */
export function electUnclean(partition: PartitionState, electorate: UncleanElectorate): UncleanOutcome {
  const { replicas, isr, elr = [] } = partition
  const { standing, allowed } = electorate
  const electable = replicas.filter((id) => isr.includes(id) || elr.includes(id))
  if (electable.length > 0 && allowed === 'never') return { kind: 'forbidden', inSync: electable }
  const isThere = (id: number) => standing(id) === 'fit' || isLeaving(standing(id))
  const ends = new Map<number, LogEnd>()
  for (const id of replicas) {
    const end = electorate.logEnd(id)
    if (end !== undefined && end.leaderEpoch >= partition.leaderEpoch) ends.set(id, end)
  }
  const candidates = replicas.filter((id) => isThere(id) && ends.has(id))
  const silent = replicas.filter((id) => isThere(id) && !ends.has(id))
  // Where a topic puts availability first, nobody waits for those who are gone.
  const down = allowed === 'never' ? replicas.filter((id) => standing(id) === 'down') : []
  const mustWait = allowed !== 'asked' && (silent.length > 0 || down.length > 0)
  const longest = longestOf(candidates, ends)
  if (mustWait || longest === undefined) return { kind: 'waiting', silent, down }
  const { elr: _, ...rest } = partition
  const state: PartitionState = {
    ...rest,
    leader: longest,
    leaderEpoch: Math.max(partition.leaderEpoch, electorate.highestEpoch) + 1,
    partitionEpoch: partition.partitionEpoch + 1,
    isr: [longest],
  }
  return { kind: 'elected', state, from: electable, messagesMax: lostAtMost(longest, electable, ends) }
}

function longestOf(candidates: readonly number[], ends: ReadonlyMap<number, LogEnd>): number | undefined {
  let longest: number | undefined
  for (const id of candidates) if (longest === undefined || isLonger(ends.get(id), ends.get(longest))) longest = id
  return longest
}

function isLonger(one: LogEnd | undefined, other: LogEnd | undefined): boolean {
  if (one === undefined || other === undefined) return other === undefined && one !== undefined
  return one.lastEpoch > other.lastEpoch || (one.lastEpoch === other.lastEpoch && one.endOffset > other.endOffset)
}

/**
 * Known only where all who could have led said where their logs end, and none of them has a later epoch: from where on the leader lacks
 * that one, ends do not tell.
 */
function lostAtMost(leader: number, passedOver: readonly number[], ends: ReadonlyMap<number, LogEnd>): number | null {
  const own = ends.get(leader)
  if (own === undefined || passedOver.length === 0) return null
  let most = 0
  for (const id of passedOver) {
    const end = ends.get(id)
    if (end === undefined || end.lastEpoch > own.lastEpoch) return null
    most = Math.max(most, end.endOffset - own.endOffset)
  }
  return most
}

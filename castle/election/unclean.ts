// Elections of replicas that may lack what was acknowledged. Only where nobody who lacks nothing can lead:
//
//   R7   the topic allows it (unclean.leader.election.enable), or a person asks: the longest log of those that are there
//   R8   whoever was in sync stopped uncleanly, so that nobody is known to lack nothing: the longest log of all, once all have
//        reported; or of those that are there, when a person does not want to wait
//   R9   all that could lead are damaged, and a person who has been shown what is lost asks: a damaged log counts by what is sound of it. Its
//        replica is not elected yet: it cuts off the rest (`salvage`), and is the only one in sync, to be elected once it is well
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

/** What is sound of the log of a replica that is out of use (R9). */
export interface SoundEnd {
  /** Of its last batch; -1: it has none. */
  readonly lastEpoch: number
  readonly endOffset: number
  /** Where the log ended before it was damaged; null: nobody can tell. */
  readonly hadOffset: number | null
}

export interface UncleanElectorate {
  standing(brokerId: number): Standing
  /** Undefined: it has not said. */
  logEnd(brokerId: number): LogEnd | undefined
  /** Undefined: it is well, it has not looked, it is not there, or nobody was shown what is lost by it. */
  sound(brokerId: number): SoundEnd | undefined
  readonly highestEpoch: number
  /** `asked`: by a person, who waits for nobody. */
  readonly allowed: 'asked' | 'by-topic' | 'never'
}

export type UncleanOutcome =
  /** Or, with `salvage` in its state, on the way there. */
  | {
      readonly kind: 'elected'
      readonly state: PartitionState
      readonly from: number[]
      readonly messagesMax: number | null
    }
  /** For the one of which that was decided before. */
  | { readonly kind: 'salvaging'; readonly brokerId: number }
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
  const whole = replicas.filter((id) => isThere(id) && ends.has(id))
  const damaged = replicas.filter((id) => electorate.sound(id) !== undefined)
  const usable = new Map<number, UsableEnd>(ends)
  for (const id of damaged) usable.set(id, electorate.sound(id)!)
  // Of equals one that can lead at once.
  const candidates = [...whole, ...damaged]
  const silent = replicas.filter((id) => isThere(id) && !ends.has(id))
  // Where a topic puts availability first, nobody waits for those who are gone.
  const down = allowed === 'never' ? replicas.filter((id) => standing(id) === 'down') : []
  const mustWait = allowed !== 'asked' && (silent.length > 0 || down.length > 0)
  const longest = longestOf(candidates, usable)
  if (mustWait || longest === undefined) return { kind: 'waiting', silent, down }
  const sound = electorate.sound(longest)
  if (sound !== undefined && isSalvaging(partition, longest, sound)) return { kind: 'salvaging', brokerId: longest }
  const { elr: _, salvage: __, ...rest } = partition
  const state: PartitionState = {
    ...rest,
    leader: longest,
    leaderEpoch: Math.max(partition.leaderEpoch, electorate.highestEpoch) + 1,
    partitionEpoch: partition.partitionEpoch + 1,
    isr: [longest],
  }
  const elected = { kind: 'elected', from: electable } as const
  if (sound === undefined) return { ...elected, state, messagesMax: lostAtMost(longest, electable, ends) }
  const { lastEpoch, endOffset } = sound
  const salvage = { brokerId: longest, lastEpoch, endOffset }
  const messagesMax = cutAtMost(longest, electable, electorate)
  return { ...elected, state: { ...state, leader: -1, salvage }, messagesMax }
}

function isSalvaging({ salvage }: PartitionState, brokerId: number, { lastEpoch, endOffset }: SoundEnd): boolean {
  return salvage?.brokerId === brokerId && salvage.lastEpoch === lastEpoch && salvage.endOffset === endOffset
}

/** Who could have led had the same up to where the first of their logs ended: known where it was one of them, and all can tell where theirs did. */
function cutAtMost(chosen: number, electable: readonly number[], { sound }: UncleanElectorate): number | null {
  if (!electable.includes(chosen)) return null
  const end = sound(chosen)?.endOffset ?? 0
  let most = 0
  for (const id of electable) {
    const had = sound(id)?.hadOffset ?? null
    if (had === null) return null
    most = Math.max(most, had - end)
  }
  return most
}

type UsableEnd = Pick<LogEnd, 'lastEpoch' | 'endOffset'>

function longestOf(candidates: readonly number[], ends: ReadonlyMap<number, UsableEnd>): number | undefined {
  let longest: number | undefined
  for (const id of candidates) if (longest === undefined || isLonger(ends.get(id), ends.get(longest))) longest = id
  return longest
}

function isLonger(one: UsableEnd | undefined, other: UsableEnd | undefined): boolean {
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

// What a leader knows of its followers, and what follows from it: the high watermark (R3, R6), who may be acknowledged what (R2), and
// who is in sync (R12). Pure: a state and an event in, a state out. Offsets are ends: one past the last record.
//
//   Castle's word ──► assigned ┐                      ┌─► safeEndOffset: what the high watermark may rise to
//   a follower's fetch ► fetched ├─► LeaderState ──────┼─► holdsRecent:   whether Ack 1 may be answered
//   an append ───────► appended │                      └─► wantedIsr:     what to propose to Castle
//   a proposal ──────► proposed, refused
//
// Until Castle has answered a proposal for certain, both the old and the proposed ISR count (R12): nobody knows which of them it has.
import type { PartitionState as Assigned } from '@castellan/protocol/heartbeat'

/** Since when all that a follower asks for together is asked for again and again: one for all partitions of its fetch session. */
export interface Presence {
  /** Of its newest fetch, on the leader's monotonic clock: not before then it was sent, however late it came. */
  fetchedMs: number
}

export interface Follower {
  readonly id: number
  /** Of its process, as it said when it fetched; -1: it has not fetched at this leader epoch. */
  readonly brokerEpoch: number
  /** What it has; -1: unknown. */
  readonly endOffset: number
  /** When it last said where it is, and the leader's end then. */
  readonly fetchedMs: number
  readonly leaderEndOffset: number
  /** It has everything that the leader had then (Kafka's lastCaughtUpTime), at this leader epoch; -Infinity: unknown. */
  readonly caughtUpMs: number
  /** All below its end is on its disk, as it said: it knows of flush.messages=1. */
  readonly isSynced: boolean
  /** While a fetch session has the partition: it is still where it was, without saying so. */
  readonly presence: Presence | null
}

/**
 * On the way to another leader, though nobody died (the state's `next`).
 *
 *   holding ──all is there──► asked ──Castle's newer word──► it leads, or nothing is under way
 *      └──time──► lapsed        └──time──► waiting ──────────────┘
 *
 * Appends are held, so that the next one gets all there is, and what is refused in the end stands in no log. In time all goes on: `lapsed` as if
 * nothing had been said, but `waiting` acknowledges only what all have that are in sync, for Castle may elect the next one at any moment.
 */
export interface HandOver {
  readonly to: number
  readonly kind: 'holding' | 'asked' | 'waiting' | 'lapsed'
}

export interface LeaderState {
  readonly brokerId: number
  /** What Castle last said. */
  readonly assigned: Assigned
  /** The ISR that Castle was asked for, without a certain answer yet; null: none. */
  readonly proposed: readonly number[] | null
  /** min.insync.replicas, as it is for this partition. */
  readonly minInsync: number
  /** Where the leader's epoch begins: everything below was written by earlier leaders. */
  readonly epochStartOffset: number
  /** When this replica began to lead. */
  readonly sinceMs: number
  /** Null: it goes on leading, as far as Castle has said. */
  readonly handOver: HandOver | null
  /** All other replicas. */
  readonly followers: readonly Follower[]
}

export interface Fetched {
  readonly kind: 'fetched'
  readonly id: number
  readonly brokerEpoch: number
  readonly endOffset: number
  readonly leaderEndOffset: number
  readonly isSynced: boolean
  readonly nowMs: number
  readonly presence: Presence | null
}

export type LeaderEvent =
  /** Castle's word, at the same leader epoch. What is older than what is known changes nothing. */
  | { readonly kind: 'assigned'; readonly assigned: Assigned; readonly minInsync: number }
  /** A follower asked for what comes after `endOffset`. */
  | Fetched
  /** A fetch session lets go of the partition. */
  | { readonly kind: 'left'; readonly id: number; readonly presence: Presence; readonly leaderEndOffset: number }
  /** flush.messages=1 from now on: what followers have, and did not say is synced, counts no more. They sync it, and ask anew. */
  | { readonly kind: 'mustSync'; readonly leaderEndOffset: number }
  /** The leader's log went on from here. */
  | { readonly kind: 'appended'; readonly fromOffset: number }
  | { readonly kind: 'proposed'; readonly isr: readonly number[] }
  /** Castle refused the proposal for certain. */
  | { readonly kind: 'refused' }
  /** Castle is told that the next leader has everything. */
  | { readonly kind: 'asked' }
  /** Appends were held for as long as may be. */
  | { readonly kind: 'overtime' }

/** R2: Ack 1 loses at most what is younger than this. */
export const recentMs = 1_000

export function beginLeading(start: {
  brokerId: number
  assigned: Assigned
  minInsync: number
  endOffset: number
  nowMs: number
}): LeaderState {
  const { brokerId, assigned, minInsync, endOffset, nowMs } = start
  const followers = followersOf(brokerId, assigned, [])
  const handOver = handOverBy(assigned, null)
  const begun = { epochStartOffset: endOffset, sinceMs: nowMs, followers }
  return { brokerId, assigned, proposed: null, handOver, minInsync, ...begun }
}

export function step(state: LeaderState, event: LeaderEvent): LeaderState {
  switch (event.kind) {
    case 'assigned': {
      const { assigned, minInsync } = event
      const { partitionEpoch } = state.assigned
      if (assigned.partitionEpoch < partitionEpoch) return state
      if (assigned.partitionEpoch === partitionEpoch)
        return minInsync === state.minInsync ? state : { ...state, minInsync }
      // Whatever was proposed was compared with an older epoch: it was done, or never will be.
      const followers = followersOf(state.brokerId, assigned, state.followers)
      const handOver = handOverBy(assigned, state.handOver)
      return { ...state, assigned, minInsync, proposed: null, handOver, followers }
    }
    case 'fetched':
      return changeFollower(state, event.id, (follower) => afterFetch(follower, event))
    case 'left':
      return changeFollower(state, event.id, (follower) => {
        if (follower.presence !== event.presence) return follower
        return { ...settledIfLevel(follower, event.leaderEndOffset), presence: null }
      })
    case 'mustSync': {
      const unsynced = (follower: Follower) => {
        const { endOffset, leaderEndOffset } = unheard(follower.id)
        return { ...settledIfLevel(follower, event.leaderEndOffset), endOffset, leaderEndOffset, presence: null }
      }
      return { ...state, followers: state.followers.map((one) => (one.isSynced ? one : unsynced(one))) }
    }
    case 'appended': {
      const keepsUp = ({ presence, endOffset }: Follower) => presence !== null && endOffset >= event.fromOffset
      if (!state.followers.some(keepsUp)) return state
      return { ...state, followers: state.followers.map((one) => (keepsUp(one) ? settled(one) : one)) }
    }
    case 'proposed':
      return { ...state, proposed: event.isr }
    case 'refused':
      return { ...state, proposed: null }
    case 'asked':
      return changeHandOver(state, { holding: 'asked' })
    case 'overtime':
      return changeHandOver(state, { holding: 'lapsed', asked: 'waiting' })
  }
}

function changeHandOver(
  state: LeaderState,
  kinds: { readonly [Kind in HandOver['kind']]?: HandOver['kind'] },
): LeaderState {
  const { handOver } = state
  const kind = handOver === null ? undefined : kinds[handOver.kind]
  return handOver === null || kind === undefined ? state : { ...state, handOver: { ...handOver, kind } }
}

/** By Castle's newer word: what it was asked before was done, or never will be. */
function handOverBy({ next }: Assigned, known: HandOver | null): HandOver | null {
  if (next === undefined) return null
  if (next !== known?.to) return { to: next, kind: 'holding' }
  if (known.kind === 'asked') return { to: next, kind: 'holding' }
  return known.kind === 'waiting' ? { to: next, kind: 'lapsed' } : known
}

/** Whether appends are held, for another leader. */
export function holdsAppends({ handOver }: LeaderState): boolean {
  return handOver?.kind === 'holding' || handOver?.kind === 'asked'
}

/** Whether Castle may elect the next leader at any moment: nothing is acknowledged that it has not got. */
export function mayBePassed({ handOver }: LeaderState): boolean {
  return handOver?.kind === 'asked' || handOver?.kind === 'waiting'
}

/** Whether the next leader has everything, and Castle should hear of it. `leaderEndOffset`: with all that is not written yet. */
export function canHandOver({ handOver, followers }: LeaderState, leaderEndOffset: number): boolean {
  if (handOver?.kind !== 'holding') return false
  return followers.some(({ id, endOffset }) => id === handOver.to && endOffset === leaderEndOffset)
}

function followersOf(brokerId: number, { replicas }: Assigned, known: readonly Follower[]): Follower[] {
  const others = replicas.filter((id) => id !== brokerId)
  return others.map((id) => known.find((follower) => follower.id === id) ?? unheard(id))
}

function unheard(id: number): Follower {
  return {
    id,
    brokerEpoch: -1,
    endOffset: -1,
    fetchedMs: -Infinity,
    leaderEndOffset: Infinity,
    caughtUpMs: -Infinity,
    isSynced: false,
    presence: null,
  }
}

function changeFollower(state: LeaderState, id: number, change: (follower: Follower) => Follower): LeaderState {
  return { ...state, followers: state.followers.map((follower) => (follower.id === id ? change(follower) : follower)) }
}

/** What comes from an earlier process of its broker, late, counts for nothing; a later process begins anew (KIP-903). */
function afterFetch(follower: Follower, event: Fetched): Follower {
  if (event.brokerEpoch < follower.brokerEpoch) return follower
  const before = event.brokerEpoch > follower.brokerEpoch ? unheard(follower.id) : follower
  const { brokerEpoch, endOffset, leaderEndOffset, isSynced, nowMs: fetchedMs, presence } = event
  const caughtUpMs = Math.max(before.caughtUpMs, caughtUpBy(before, event))
  return { id: follower.id, brokerEpoch, endOffset, leaderEndOffset, fetchedMs, caughtUpMs, isSynced, presence }
}

/** Since it has now what the leader had at its last fetch, it has everything that was there then. */
function caughtUpBy(before: Follower, { endOffset, leaderEndOffset, nowMs }: Fetched): number {
  if (endOffset >= leaderEndOffset) return nowMs
  return endOffset >= before.leaderEndOffset ? before.fetchedMs : -Infinity
}

/** Takes down what its presence says while it still says it: it has all that the leader had at its newest fetch. */
function settled(follower: Follower): Follower {
  const { caughtUpMs, presence } = follower
  if (presence === null || presence.fetchedMs <= caughtUpMs) return follower
  return { ...follower, caughtUpMs: presence.fetchedMs }
}

/** One that lacks something was settled when that was appended: its newest fetch says nothing of what came since. */
function settledIfLevel(follower: Follower, leaderEndOffset: number): Follower {
  return follower.endOffset >= leaderEndOffset ? settled(follower) : follower
}

/** When it last had everything that the leader had. */
export function caughtUpMs(follower: Follower, leaderEndOffset: number): number {
  const { presence } = follower
  if (presence === null || follower.endOffset < leaderEndOffset) return follower.caughtUpMs
  return Math.max(follower.caughtUpMs, presence.fetchedMs)
}

/** A member of the ISR that Castle has, or may have. */
function countsAsInSync({ assigned, proposed }: LeaderState, id: number): boolean {
  return assigned.isr.includes(id) || (proposed?.includes(id) ?? false)
}

/**
 * What every member of the ISR has, when the leader itself has all up to `ownEndOffset`; -1: the high watermark rests, for fewer than
 * min.insync.replicas are in sync (R6): so whoever left the ISR last still has all that is below it (KIP-966).
 */
export function safeEndOffset(state: LeaderState, ownEndOffset: number): number {
  const { assigned, minInsync, followers } = state
  if (followers.length === 0) return ownEndOffset
  if (assigned.isr.length < Math.min(minInsync, assigned.replicas.length)) return -1
  return inSyncEndOffset(state, ownEndOffset)
}

/** What all that are in sync have, however few they are. */
export function inSyncEndOffset(state: LeaderState, ownEndOffset: number): number {
  let lowest = ownEndOffset
  for (const { id, endOffset } of state.followers) {
    if (endOffset < lowest && countsAsInSync(state, id)) lowest = endOffset
  }
  return lowest
}

/** R2's rule: whoever else could be elected has fetched at this epoch, and has everything that is older than a second. */
export function holdsRecent(state: LeaderState, leaderEndOffset: number, nowMs: number): boolean {
  const { followers, assigned } = state
  return followers.every(
    (follower) =>
      caughtUpMs(follower, leaderEndOffset) >= nowMs - recentMs ||
      !(countsAsInSync(state, follower.id) || assigned.elr?.includes(follower.id)),
  )
}

/** What a decision about the ISR goes by, beside the state. */
export interface IsrView {
  readonly nowMs: number
  /** replica.lag.time.max.ms */
  readonly lagTimeMaxMs: number
  /** Nobody's silence before this counts: this process itself did not listen. */
  readonly listeningSinceMs: number
  readonly leaderEndOffset: number
  readonly highWatermark: number
  /** Whether Castle counts this process of a broker as up and staying. */
  isStaying(brokerId: number, brokerEpoch: number): boolean
}

/** The ISR as it should be, in the order of the replicas; null: as it is, or a proposal is under way. */
export function wantedIsr(state: LeaderState, view: IsrView): readonly number[] | null {
  const { assigned, brokerId, followers, proposed } = state
  if (proposed !== null) return null
  const isWanted = (id: number) => {
    const follower = followers.find((one) => one.id === id)
    if (follower === undefined) return id === brokerId
    return assigned.isr.includes(id) ? !lagsBehind(state, follower, view) : mayJoin(state, follower, view)
  }
  const wanted = assigned.replicas.filter(isWanted)
  return wanted.length === assigned.isr.length && wanted.every((id) => assigned.isr.includes(id)) ? null : wanted
}

function lagsBehind({ sinceMs }: LeaderState, follower: Follower, view: IsrView): boolean {
  const { nowMs, lagTimeMaxMs, listeningSinceMs, leaderEndOffset } = view
  return nowMs - Math.max(caughtUpMs(follower, leaderEndOffset), sinceMs, listeningSinceMs) > lagTimeMaxMs
}

/** It has all that is committed, and (R2) all that was acknowledged more than a second ago. */
function mayJoin({ epochStartOffset }: LeaderState, follower: Follower, view: IsrView): boolean {
  const { id, brokerEpoch, endOffset } = follower
  const { nowMs, leaderEndOffset, highWatermark } = view
  if (endOffset < highWatermark || endOffset < epochStartOffset) return false
  return caughtUpMs(follower, leaderEndOffset) >= nowMs - recentMs && view.isStaying(id, brokerEpoch)
}

/** Whether somebody is outside of the ISR that it could be in: only then a fetch can change the ISR. */
export function hasOutsiders({ assigned, proposed }: LeaderState): boolean {
  return proposed === null && assigned.isr.length < assigned.replicas.length
}

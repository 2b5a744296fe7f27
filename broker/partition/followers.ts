// The leader's side of replication in one partition: followers' fetches and Castle's words in, the high watermark and the wanted ISR
// out. What follows from what is leader-state.ts's.
import { errors } from '@castellan/protocol'
import type { PartitionState as Assigned } from '@castellan/protocol/heartbeat'
import type { Log } from '../log/log.ts'
import type { Appends } from './appends.ts'
import {
  canHandOver,
  type HandOver,
  hasOutsiders,
  type IsrView,
  type LeaderEvent,
  type Presence,
  step,
  wantedIsr,
} from './leader-state.ts'
import type { EpochEnd } from './results.ts'
import { leading, type PartitionState } from './state.ts'

/** A replica of another broker that fetches. */
export interface FollowerId {
  /** Its broker, and that broker's process. */
  readonly id: number
  readonly brokerEpoch: number
  readonly presence: Presence
}

/** What it asks for, and so what it has. */
export interface FollowerFetch {
  readonly fetchOffset: number
  readonly currentLeaderEpoch: number
  readonly lastFetchedEpoch: number
  /** It knows of flush.messages=1, and all of it is on its disk. Absent: not. */
  readonly isSynced?: boolean
}

export interface FollowersEvents {
  /** A follower that is not in sync has fetched: it may be now. */
  onOutsider(): void
  /** Another is to lead, and appends are held; or it can be told that it may. */
  onHandOver(): void
}

export class Followers {
  readonly #state: PartitionState
  readonly #appends: Appends
  readonly #events: FollowersEvents

  constructor(state: PartitionState, appends: Appends, events: FollowersEvents) {
    this.#state = state
    this.#appends = appends
    this.#events = events
  }

  /** Other replicas that this leader has; 0: it leads alone, or does not lead. */
  get count(): number {
    return this.#state.leader?.followers.length ?? 0
  }

  /** As Castle last said; empty when this replica does not lead. */
  get isr(): readonly number[] {
    return this.#state.leader?.assigned.isr ?? []
  }

  has(id: number): boolean {
    return this.#state.leader?.followers.some((follower) => follower.id === id) ?? false
  }

  /** What a follower must have to be in sync: all that is committed, whether that is known yet or not. Null when this replica does not lead. */
  get neededOffset(): number | null {
    const { leader, highWatermark } = this.#state
    return leader && Math.max(highWatermark, leader.epochStartOffset)
  }

  /** Takes in what a follower's fetch says of it, when it is one, at this leader's epoch, and its log is a part of this one (R5). False: it is not. */
  fetched({ id, brokerEpoch, presence }: FollowerId, asked: FollowerFetch): boolean {
    const { leader, leaderEpoch, settings } = this.#state
    const log = leading(this.#state)
    if ('kind' in log || leader === null || asked.currentLeaderEpoch !== leaderEpoch) return false
    // It has not heard yet that it must sync: what it has may not outlive a power loss.
    if (settings.flushMessages === 1 && !asked.isSynced) return false
    const { fetchOffset: endOffset, isSynced = false } = asked
    if (endOffset < log.startOffset || endOffset > log.endOffset || divergenceOf(log, asked) !== null) return false
    const event = { id, brokerEpoch, endOffset, leaderEndOffset: log.endOffset, isSynced, presence }
    this.#step({ kind: 'fetched', ...event, nowMs: presence.fetchedMs })
    this.#appends.advance()
    if (this.#state.leader !== null && hasOutsiders(this.#state.leader)) this.#events.onOutsider()
    if (this.canHandOver) this.#events.onHandOver()
    return true
  }

  /** The fetch session of a follower lets go of this partition. */
  left({ id, presence }: FollowerId): void {
    const { log } = this.#state
    if (this.has(id) && log !== undefined) this.#step({ kind: 'left', id, presence, leaderEndOffset: log.endOffset })
  }

  /** flush.messages=1 from now on. */
  mustSync(): void {
    const { log } = this.#state
    if (log !== undefined) this.#step({ kind: 'mustSync', leaderEndOffset: log.endOffset })
  }

  /** Castle's word on a partition that this replica leads, and goes on to lead. */
  assign(assigned: Assigned): void {
    this.#step({ kind: 'assigned', assigned, minInsync: this.#state.settings.minInsyncReplicas })
    this.#appends.resume()
    this.noteHandOver()
  }

  /** A proposal that Castle should get, with the epochs of those in it that are known; null: the ISR is as it should be. */
  proposal(view: Omit<IsrView, 'leaderEndOffset' | 'highWatermark'>): IsrProposal | null {
    const { leader, log, highWatermark, fault } = this.#state
    if (leader === null || log === undefined || fault !== null) return null
    const isr = wantedIsr(leader, { ...view, leaderEndOffset: log.endOffset, highWatermark })
    if (isr === null) return null
    const { leaderEpoch, partitionEpoch } = leader.assigned
    const brokerEpochs = new Map(leader.followers.map(({ id, brokerEpoch }) => [id, brokerEpoch]))
    return { leaderEpoch, partitionEpoch, isr, brokerEpochs }
  }

  /** From now on both ISRs count (R12). */
  propose({ isr }: IsrProposal): void {
    this.#step({ kind: 'proposed', isr })
  }

  /** Whether Castle may still do what was proposed. */
  isOpen({ leaderEpoch, partitionEpoch }: IsrProposal): boolean {
    const { leader } = this.#state
    if (leader === null || leader.proposed === null) return false
    return leader.assigned.leaderEpoch === leaderEpoch && leader.assigned.partitionEpoch === partitionEpoch
  }

  /** Castle answered a proposal that is open: the partition as it is now; undefined: it knows no such topic. */
  answered(assigned: Assigned | undefined): void {
    const { leader } = this.#state
    if (leader === null) return
    const isNews = assigned !== undefined && assigned.partitionEpoch > leader.assigned.partitionEpoch
    // A newer leader epoch comes with the topic's subject: until then what was proposed may count.
    if (isNews && assigned.leaderEpoch === leader.assigned.leaderEpoch) this.assign(assigned)
    else if (!isNews) this.#step({ kind: 'refused' })
    this.#appends.advance()
  }

  // ---------------------------------------------------------------- handing over

  /** What is under way; null: nothing, or this replica does not lead. */
  get handOver(): HandOver | null {
    return this.#state.leader?.handOver ?? null
  }

  get canHandOver(): boolean {
    const { leader, log, fault } = this.#state
    return leader !== null && log !== undefined && fault === null && canHandOver(leader, log.nextOffset)
  }

  /** Castle's word is news: something may be under way. */
  noteHandOver(): void {
    if (this.handOver !== null) this.#events.onHandOver()
  }

  /** Castle is about to hear that the next leader has everything: from now on nothing is acknowledged that it has not got. */
  ask(): HandOverQuestion {
    this.#step({ kind: 'asked' })
    const { leaderEpoch = -1, partitionEpoch = -1 } = this.#state.leader?.assigned ?? {}
    return { leaderEpoch, partitionEpoch }
  }

  /** Whether Castle may still do what it was asked, or has, for all that is known here. */
  isAsked({ leaderEpoch, partitionEpoch }: HandOverQuestion): boolean {
    const { assigned, handOver } = this.#state.leader ?? {}
    if (handOver?.kind !== 'asked' && handOver?.kind !== 'waiting') return false
    return assigned?.leaderEpoch === leaderEpoch && assigned.partitionEpoch === partitionEpoch
  }

  /** Castle's answer has the partition as it is now. Who leads instead comes with the topic's subject. */
  heard(assigned: Assigned | undefined): void {
    if (assigned !== undefined && assigned.leaderEpoch === this.#state.leader?.assigned.leaderEpoch)
      this.assign(assigned)
  }

  /** Appends were held for as long as may be. */
  overtime(): void {
    this.#appends.overtime()
  }

  #step(event: LeaderEvent): void {
    if (this.#state.leader !== null) this.#state.leader = step(this.#state.leader, event)
  }
}

/** What Castle compares. */
export interface HandOverQuestion {
  readonly leaderEpoch: number
  readonly partitionEpoch: number
}

export interface IsrProposal {
  readonly leaderEpoch: number
  readonly partitionEpoch: number
  readonly isr: readonly number[]
  /** By broker id; -1: it has not fetched at this leader epoch. */
  readonly brokerEpochs: ReadonlyMap<number, number>
}

/** Where this log and a reader's part, if the epoch that it read last ended elsewhere here (KIP-595); null: they agree. */
export function divergenceOf(
  log: Pick<Log, 'endOfEpoch'>,
  { lastFetchedEpoch, fetchOffset }: Pick<FollowerFetch, 'lastFetchedEpoch' | 'fetchOffset'>,
): EpochEnd | null {
  if (lastFetchedEpoch < 0) return null
  const { epoch, endOffset } = log.endOfEpoch(lastFetchedEpoch)
  if (epoch < 0) return null
  return epoch < lastFetchedEpoch || endOffset < fetchOffset ? { epoch, endOffset } : null
}

/** What a follower is told that this leader does not know of: it may know soon. */
export const unknownFollowerError = errors.UNKNOWN_LEADER_EPOCH.code

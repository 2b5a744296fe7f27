// Who leads this replica's partition, as far as it goes along with it: itself, another broker that it follows, or nobody.
//
//             lead                    follow
//   leader ◄──────── none or follower ──────► follower of another
//      └─ resign, follow: at once, and what was not acknowledged is refused (R2, R5)
//
// Its log must be idle for whatever it becomes next: only then it is certain where that begins. Standing down waits for nothing.
import assert from 'node:assert/strict'
import { errors } from '@castellan/protocol'
import type { PartitionState as Assigned } from '@castellan/protocol/heartbeat'
import type { Appends } from './appends.ts'
import type { Followers } from './followers.ts'
import { beginLeading } from './leader-state.ts'
import { type Followed, knownEpoch, type PartitionState } from './state.ts'

export interface LeadershipEvents {
  /** A leader epoch began. */
  onEpoch(): void
  /** The role, the leader that is followed, or the leader epoch is another. */
  onChanged(): void
}

export class Leadership {
  readonly #state: PartitionState
  readonly #appends: Appends
  readonly #followers: Followers
  readonly #events: LeadershipEvents

  constructor(state: PartitionState, appends: Appends, followers: Followers, events: LeadershipEvents) {
    this.#state = state
    this.#appends = appends
    this.#followers = followers
    this.#events = events
  }

  /**
   * Leads from now on at the epoch that Castle gave, or goes on to lead at it. Who asks has made sure (duty.ts) that the log is well, lacks
   * nothing (R9), and has never been led at this or a higher epoch (R5).
   */
  lead(assigned: Assigned): void {
    const { log, leader, leaderEpoch } = this.#state
    if (leader !== null && leaderEpoch === assigned.leaderEpoch) return this.#followers.assign(assigned)
    assert(log !== undefined && assigned.leaderEpoch > knownEpoch(this.#state), 'it may not lead at this epoch (R5)')
    this.#appends.flush()
    // Where the epoch begins is known when that is written: then it is told again.
    if (this.#state.isBusy) return this.resign(-1)
    log.beginEpoch(assigned.leaderEpoch)
    this.#events.onEpoch()
    this.#begin(assigned, log.endOffset)
  }

  #begin(assigned: Assigned, endOffset: number): void {
    const { settings, context, brokerId } = this.#state
    const minInsync = settings.minInsyncReplicas
    this.#state.leaderEpoch = assigned.leaderEpoch
    this.#state.leader = beginLeading({ brokerId, assigned, minInsync, endOffset, nowMs: context.clock.nowMs() })
    this.#state.followed = null
    this.#appends.resume()
    this.#followers.noteHandOver()
    this.#events.onChanged()
  }

  /** Follows another broker's replica from now on. */
  follow(leader: number, leaderEpoch: number): void {
    const { followed } = this.#state
    if (followed?.leader !== leader || followed.leaderEpoch !== leaderEpoch)
      this.#standDown(leaderEpoch, { leader, leaderEpoch })
  }

  /** Neither leads nor follows any more; the newest epoch that it was told of is `leaderEpoch`. */
  resign(leaderEpoch: number): void {
    const { leader, followed, leaderEpoch: current } = this.#state
    if (leader !== null || followed !== null || leaderEpoch > current) this.#standDown(leaderEpoch, null)
  }

  #standDown(leaderEpoch: number, followed: Followed | null): void {
    // First: what is written now nobody else has, and it must not be acknowledged (R2, R5).
    this.#state.leader = null
    this.#appends.flush()
    this.#state.leaderEpoch = Math.max(this.#state.leaderEpoch, leaderEpoch)
    // From where it asks is known when that is written: then it is told again.
    this.#state.followed = this.#state.isBusy ? null : followed
    this.#appends.refuseAll(errors.NOT_LEADER_OR_FOLLOWER, 'this broker does not lead the partition any more')
    this.#events.onChanged()
  }
}

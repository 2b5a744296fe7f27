// What a partition is, in memory: shared by its parts (partition.ts).
import { effectiveConfigs, errors, type TopicSettings } from '@castellan/protocol'
import type { LogContext } from '../log/context.ts'
import type { Log } from '../log/log.ts'
import type { Sound } from '../log/salvage.ts'
import { type Refusal, refusal } from './checks.ts'
import type { PartitionIdentity } from './host.ts'
import type { LeaderState } from './leader-state.ts'

/** The leader that a replica follows, and at which epoch. */
export interface Followed {
  /** A broker id. */
  readonly leader: number
  readonly leaderEpoch: number
}

/** What a replica is on this broker: it leads, it follows another, or neither (nobody leads, it is a stray, or it is out of use). */
export type Role = 'leader' | 'follower' | 'none'

export interface PartitionState {
  readonly topicId: string
  /** The topic's name; empty when neither its log nor Castle has said. */
  topic: string
  readonly index: number
  /** This broker's. */
  readonly brokerId: number
  readonly context: LogContext
  readonly folder: string
  /** Undefined: it is being made, or could not be opened (there is a fault then). */
  log: Log | undefined
  settings: TopicSettings
  /** What it knows as the leader; null: it does not lead. */
  leader: LeaderState | null
  /** Whom it follows; null: nobody. A leader follows nobody. */
  followed: Followed | null
  /** The highest that it was told of in this process: the one that it leads or follows at, if it does; -1: none. */
  leaderEpoch: number
  highWatermark: number
  /** Its broker stops soon: others in sync are about to lead. */
  isLeaving: boolean
  /** Why it is out of use (R9). */
  fault: string | null
  /** The fault is that the log is not what was written. */
  isDamaged: boolean
  /**
   * Its log is written to off the loop, or cut: where it ends is not certain. Until that is over nothing else touches the log, and the
   * replica, which may stand down at any moment, takes no other role.
   */
  isBusy: boolean
  /** It is fetched anew in place of a damaged log, and lacks something still: it follows, but nobody may count on it. */
  isAnew: boolean
  /** Of a damaged log what can be gone on with, once that was looked for; null: not known. */
  sound: Sound | null
}

/** Until Castle has said. */
const defaults = effectiveConfigs({})

/** It has no log yet, or never will have. */
export function newPartitionState(identity: PartitionIdentity, context: LogContext): PartitionState {
  const role = { leader: null, followed: null, leaderEpoch: -1, isLeaving: false }
  const trouble = { fault: null, isDamaged: false, isBusy: false, isAnew: false, sound: null }
  return { ...identity, context, log: undefined, settings: defaults, highWatermark: 0, ...role, ...trouble }
}

/** The epoch that this replica leads at; the highest it knows when it does not lead; -1: none. */
export function knownEpoch({ leader, leaderEpoch, log }: PartitionState): number {
  return leader !== null ? leaderEpoch : Math.max(leaderEpoch, log?.highestEpoch ?? -1)
}

/** What a person can go on with where nobody can lead (R9); null: it is well, or nobody has looked yet. */
export function soundOf({ isDamaged, sound, isAnew, isBusy, log, leader, followed }: PartitionState): Sound | null {
  if (isDamaged) return sound
  if (!isAnew || log === undefined || isBusy || leader !== null || followed !== null) return null
  const { startOffset, endOffset } = log
  return { startOffset, endOffset, lastEpoch: log.epochAt(endOffset - 1), hadOffset: null }
}

/** The log, when this replica leads and is well; else what to answer. */
export function leading({ fault, log, leader }: PartitionState): Log | Refusal {
  if (fault !== null) return refusal(errors.KAFKA_STORAGE_ERROR, fault)
  return leader !== null && log !== undefined
    ? log
    : refusal(errors.NOT_LEADER_OR_FOLLOWER, 'this broker does not lead the partition')
}

/** Whether the high watermark has reached the start of this leader's epoch: from then on it says what is committed (R3). */
export function knowsCommitted({ leader, highWatermark }: PartitionState): boolean {
  return leader !== null && highWatermark >= leader.epochStartOffset
}

/** What readers and followers are told of the high watermark; -1: a new leader does not know yet whether an earlier one told more (R3). */
export function toldHighWatermark(state: PartitionState): number {
  return knowsCommitted(state) ? state.highWatermark : -1
}

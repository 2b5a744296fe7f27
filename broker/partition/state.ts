// What a partition is, in memory: shared by the part that appends (appends.ts) and the rest (partition.ts).
import { errors, type TopicSettings } from '@castellan/protocol'
import type { LogContext } from '../log/context.ts'
import type { Log } from '../log/log.ts'
import { type Refusal, refusal } from './checks.ts'

export interface PartitionState {
  readonly topicId: string
  /** The topic's name; empty when neither its log nor Castle has said. */
  topic: string
  readonly index: number
  readonly context: LogContext
  readonly folder: string
  /** Undefined: it is being made, or could not be opened (there is a fault then). */
  log: Log | undefined
  settings: TopicSettings
  isLeader: boolean
  /** The epoch that it leads at, or last led at in this process; -1: none. */
  leaderEpoch: number
  /** Members of the last ISR that Castle confirmed. */
  isrCount: number
  highWatermark: number
  /** Why it is out of use (R9). */
  fault: string | null
}

/** The log, when this replica leads and is well; else what to answer. */
export function leading({ fault, log, isLeader }: PartitionState): Log | Refusal {
  if (fault !== null) return refusal(errors.KAFKA_STORAGE_ERROR, fault)
  return isLeader && log !== undefined
    ? log
    : refusal(errors.NOT_LEADER_OR_FOLLOWER, 'this broker does not lead the partition')
}

// What a broker says of how its partitions are to be kept, and what it can count of them.
import type { Logger } from '@castellan/protocol/runtime'
import type { LogCounters } from '../log/context.ts'
import type { RecoveryProgress } from './recovery.ts'

export interface PartitionsOptions {
  /** Logs are kept in `<dataFolder>/logs`. */
  readonly dataFolder: string
  readonly brokerId: number
  readonly settings: PartitionsSettings
  readonly log: Logger
  /** Whether what Castle says of a topic is the newest that is known of it; a store that went back in time may say less (R14). Default: it is. */
  readonly isNewest?: (topicId: string) => boolean
  /** Told once, when the recovery of the logs begins: how to ask how far it is. */
  readonly onRecovery?: (progress: () => RecoveryProgress) => void
}

export interface PartitionsSettings {
  readonly producerIdExpirationMs: number
  readonly producerIdExpirationCheckIntervalMs: number
  readonly logRetentionCheckIntervalMs: number
  /** Memory for recent batches, of all partitions together. Default 64 MiB. */
  readonly logCacheBytesMax?: number
  /** Files of logs held open at a time. Default 400. */
  readonly logOpenFilesMax?: number
  /** Closed segments are read and checked again so often, default 7 days, and so fast, default 8 MiB; 0: not at all. */
  readonly logScrubIntervalMs?: number
  readonly logScrubBytesPerSecond?: number
}

/** Counters since the start, and gauges. */
export interface LogMetrics extends LogCounters {
  readonly cacheBytes: number
  readonly openFiles: number
  readonly partitions: number
  readonly faults: number
}

// All partitions of a broker: opened from its disk, made and led as Castle's topic subjects say.
import type { TopicState } from '@castellan/protocol/heartbeat'
import type { Logger, Runtime } from '@castellan/protocol/runtime'
import type { Partition } from './partition.ts'
import type { PartitionReport } from './results.ts'

export interface PartitionsOptions {
  /** Logs are kept in `<dataFolder>/logs`. */
  readonly dataFolder: string
  readonly brokerId: number
  readonly settings: {
    readonly producerIdExpirationMs: number
    readonly producerIdExpirationCheckIntervalMs: number
    readonly logRetentionCheckIntervalMs: number
    /** Memory for recent batches, of all partitions together. Default 64 MiB. */
    readonly logCacheBytesMax?: number
    /** Files of logs held open at a time. Default 400. */
    readonly logOpenFilesMax?: number
  }
  readonly log: Logger
}

export class Partitions {
  /** Recovers all logs on disk (R9: a bad one gets a fault, others go on). Throws a BrokerError when the folder as a whole cannot be used. */
  static open(_runtime: Runtime, _options: PartitionsOptions): Promise<Partitions> {
    throw new Error('being written')
  }

  get(_topicId: string, _index: number): Partition | undefined {
    throw new Error('being written')
  }

  /** In a stable order. */
  all(): Iterable<Partition> {
    throw new Error('being written')
  }

  /** Follows a topic subject: makes logs, leads or stops leading, takes settings, removes the logs of a recorded deletion (R13). Older epochs are ignored. */
  apply(_state: TopicState): void {
    throw new Error('being written')
  }

  /** Every log on disk, wanted or stray. */
  reports(): PartitionReport[] {
    throw new Error('being written')
  }

  /** Calls `listener` whenever a partition's `isLeader`, `leaderEpoch` or `fault` changed, or a log was removed. Returns how to stop. */
  onLeadership(_listener: (partition: Partition) => void): () => void {
    throw new Error('being written')
  }

  /** Counters since the start, and gauges, for metrics. */
  get metrics(): LogMetrics {
    throw new Error('being written')
  }

  /** Clean shutdown: refuses further appends, syncs, writes checkpoints and the marker. */
  close(): Promise<void> {
    throw new Error('being written')
  }
}

export interface LogMetrics {
  /** Bytes and batches of all appends. */
  appendedBytes: number
  appendedBatches: number
  /** Calls that wrote batches, and how long the slowest one took since `takeLongestWriteMs`. */
  writes: number
  longestWriteMs: number
  /** Bytes read for fetches: from memory, from files on the loop, from files off the loop. */
  readMemoryBytes: number
  readFileBytes: number
  readColdBytes: number
  /** Writes that the disk refused. */
  failedWrites: number
  /** Gauges. */
  cacheBytes: number
  openFiles: number
}

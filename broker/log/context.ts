// What all logs of a broker share, and what a topic decides about one.
import type { SlabPool, TopicSettings } from '@castellan/protocol'
import type { Clock, Complaints, Disk, Logger } from '@castellan/protocol/runtime'
import type { BatchCache } from './batch-cache.ts'
import type { DiskRoom } from './disk-room.ts'
import type { FileCache } from './file-cache.ts'
import type { FolderSyncs } from './folder-syncs.ts'
import type { IndexCache } from './index-cache.ts'
import type { Limiter } from './limiter.ts'
import type { WritePath } from './write-path.ts'

export interface LogContext {
  readonly disk: Disk
  readonly clock: Clock
  readonly log: Logger
  /** Nothing that was written before this process can be lost, but for what a kill cut short (R8). */
  readonly isIntact: boolean
  /** For what a sick disk makes happen again and again. */
  readonly complaints: Complaints
  readonly files: FileCache
  readonly cache: BatchCache
  readonly indexes: IndexCache
  /** For reads from files. */
  readonly pool: SlabPool
  /** Whether appends are written on the loop. */
  readonly writePath: WritePath
  readonly room: DiskRoom
  /** How many syncs run at a time. */
  readonly syncs: Limiter
  readonly folders: FolderSyncs
  readonly counters: LogCounters
}

/** Since the broker's start. */
export interface LogCounters {
  appendedBytes: number
  appendedBatches: number
  /** System calls that appended, how many of them off the loop, and the longest since it was last taken, in ms. */
  writes: number
  writesOffLoop: number
  slowWrites: number
  /** How often a slow disk drove the writes from the loop. */
  leftLoop: number
  longestWriteMs: number
  failedWrites: number
  syncs: number
  readMemoryBytes: number
  readFileBytes: number
  /** What recovery has to read, for it may be torn; what it has read of that; what it cut off as torn tails. */
  recoveryBytes: number
  recoveredBytes: number
  cutBytes: number
  /** Read again in the background, to see whether they are still what was written. */
  scrubbedBytes: number
  /** By a follower, where it parted from its leader; begun anew, where it had nothing that its leader still has. */
  truncations: number
  truncatedRecords: number
  begunAnew: number
  /** Damaged logs that were set aside and made anew. */
  rebuilds: number
  /** Damaged logs that go on with what is sound of them, because a person decided so. */
  salvages: number
}

export function newCounters(): LogCounters {
  return {
    appendedBytes: 0,
    appendedBatches: 0,
    writes: 0,
    writesOffLoop: 0,
    slowWrites: 0,
    leftLoop: 0,
    longestWriteMs: 0,
    failedWrites: 0,
    syncs: 0,
    readMemoryBytes: 0,
    readFileBytes: 0,
    recoveryBytes: 0,
    recoveredBytes: 0,
    cutBytes: 0,
    scrubbedBytes: 0,
    truncations: 0,
    truncatedRecords: 0,
    begunAnew: 0,
    rebuilds: 0,
    salvages: 0,
  }
}

/** What a topic decides about its logs, and a broker about their producers. */
export interface LogSettings
  extends Pick<TopicSettings, 'segmentBytes' | 'segmentMs' | 'indexIntervalBytes' | 'retentionMs' | 'retentionBytes'> {
  /** Producers remembered at a time, and how long after their last batch. */
  readonly producersMax: number
  readonly producerIdExpirationMs: number
}

// What all logs of one broker share, made from its settings.
import { SlabPool } from '@castellan/protocol'
import { Complaints, type Runtime } from '@castellan/protocol/runtime'
import { BatchCache } from '../log/batch-cache.ts'
import { type LogContext, newCounters } from '../log/context.ts'
import { DiskRoom } from '../log/disk-room.ts'
import { FileCache } from '../log/file-cache.ts'
import { FolderSyncs } from '../log/folder-syncs.ts'
import { IndexCache } from '../log/index-cache.ts'
import { Limiter } from '../log/limiter.ts'
import { WritePath } from '../log/write-path.ts'
import type { PartitionsOptions } from './options.ts'

const MiB = 1024 * 1024
/** Indexes of closed segments in memory, up to 12 KiB each. */
const indexesMax = 256
/** Of the thread pool's four. */
export const syncsMax = 2

export function logContext(
  { disk, clock }: Runtime,
  { settings, log, dataFolder }: PartitionsOptions,
  isIntact: boolean,
): LogContext {
  const pool = new SlabPool({ slabBytes: MiB, keepBytesMax: 16 * MiB })
  const syncs = new Limiter(syncsMax)
  const complaints = new Complaints(clock, log)
  const counters = newCounters()
  return {
    disk,
    clock,
    log,
    isIntact,
    complaints,
    pool,
    files: new FileCache(disk, settings.logOpenFilesMax ?? 400),
    cache: new BatchCache({ bytesMax: settings.logCacheBytesMax ?? 64 * MiB, pool }),
    indexes: new IndexCache(indexesMax),
    writePath: new WritePath(clock, log, complaints, counters),
    room: new DiskRoom(clock, disk, log, `${dataFolder}/logs`),
    syncs,
    folders: new FolderSyncs(disk, syncs),
    counters,
  }
}

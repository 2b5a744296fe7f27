// Cutting a log back, as a follower must whose end is not its leader's (R5): whole batches go, and with them what they taught
// about producers (R4) and epochs.
import type { BatchHeader } from '@castellan/protocol/records'
import { sleep } from '@castellan/protocol/runtime'
import { newSegment } from './appender.ts'
import { LogError } from './errors.ts'
import { kinds } from './files.ts'
import type { Keeper } from './keeper.ts'
import { afterBatch, type ProducersContent } from './producers.ts'
import { walk } from './reader.ts'
import { scanBatches } from './scan.ts'
import { findBatch, offsetName, offsetOf, Segment } from './segment.ts'
import { SparseIndex } from './sparse-index.ts'
import { type LogState, segmentOf } from './state.ts'
import { readStateFile } from './state-file.ts'

/** Cut off in one turn. */
const cutBytesMax = 16 * 1024 * 1024

/** `offset` is below the log's end. Order: memory, then the checkpoint, which must not promise more than there is, then the files. */
export function truncateLog(log: LogState, keeper: Keeper, offset: number): Promise<void> {
  return keeper.alone(async () => {
    const cut = segmentOf(log, Math.max(offset, log.segments[0]!.baseOffset))
    const place = await findBatch(
      log.context.files,
      cut,
      { offset: cut.baseOffset, position: 0 },
      ({ endOffset }) => endOffset > offset,
    )
    if (place === undefined) throw new LogError('LOG_CORRUPT', `${cut.path}: no batch reaches offset ${offset}`)
    const last = shortened(log, cut, place.position, place.outline.baseOffset)
    last.maxTimestamp = await walk(log, last, last.index!)
    const gone = log.segments.splice(log.segments.indexOf(cut) + 1)
    log.segments[log.segments.length - 1] = last
    for (const segment of [cut, ...gone]) segment.deleted = true
    log.endOffset = last.endOffset
    log.nextOffset = last.endOffset
    log.startOffset = Math.min(log.startOffset, last.endOffset)
    log.syncedOffset = Math.min(log.syncedOffset, last.endOffset)
    log.cached.clear(last.endOffset)
    log.epochs.truncateEnd(last.endOffset)
    removeSnapshotsAbove(log, last.endOffset)
    await reloadProducers(log)
    keeper.noteWritten(last)
    await keeper.rewrite()
    // From the end on: whatever a kill or a power loss leaves has no gap.
    for (const segment of gone.reverse()) await removeFiles(log, segment)
    if (gone.length > 0) {
      keeper.noteFolder(log.folder)
      await keeper.sync()
    }
    log.context.disk.remove(last.indexPath)
    await cutTail(log, last)
    // Else a power loss could bring back what was cut.
    await log.context.files.during(last.path, (file) => file.sync())
  })
}

/**
 * Everything goes, and the log goes on at `offset`. First it is cut to nothing; then an empty segment takes the place of what is left,
 * and no step of that leaves what recovery could not read.
 */
export async function beginLogAnew(log: LogState, keeper: Keeper, offset: number): Promise<void> {
  const first = log.segments[0]!.baseOffset
  if (log.endOffset > first) await truncateLog(log, keeper, first)
  await keeper.alone(async () => {
    const old = log.segments[0]!
    if (old.baseOffset !== offset) {
      log.segments[0] = newSegment(log.context, log.folder, offset, log.settings)
      old.deleted = true
    }
    log.startOffset = offset
    log.endOffset = offset
    log.nextOffset = offset
    log.syncedOffset = offset
    log.cached.clear(offset)
    log.epochs.truncateEnd(-1)
    removeSnapshotsAbove(log, -1)
    log.producers.forgetAll(true)
    keeper.noteFolder(log.folder)
    await keeper.rewrite()
    if (old !== log.segments[0]) await removeFiles(log, old)
  })
}

async function removeFiles({ context }: LogState, segment: Segment): Promise<void> {
  context.files.forget(segment.path)
  await context.disk.removeAsync(segment.path)
  context.disk.remove(segment.indexPath)
}

/** In slices of some milliseconds: a file system takes a third of a second to give a gigabyte back. */
async function cutTail({ context: { files, clock } }: LogState, segment: Segment): Promise<void> {
  for (;;) {
    const file = files.get(segment.path)
    const excessBytes = file.size() - segment.bytes
    if (excessBytes > 0) file.truncate(segment.bytes + Math.max(0, excessBytes - cutBytesMax))
    if (excessBytes <= cutBytesMax) return
    await sleep(clock, 1)
  }
}

/** The segment as it will be; a new object, so that no read goes by what the old one knew. */
function shortened(log: LogState, segment: Segment, bytes: number, endOffset: number): Segment {
  const last = Segment.from(segment.folder, { ...segment.content, bytes, endOffset, maxTimestamp: -1 })
  last.index = new SparseIndex(log.settings.indexIntervalBytes)
  return last
}

function snapshots(log: LogState): number[] {
  return log.context.disk
    .list(log.folder)
    .map((name) => offsetOf(name, 'producers'))
    .filter((offset) => offset !== undefined)
}

function removeSnapshotsAbove(log: LogState, endOffset: number): void {
  for (const offset of snapshots(log)) if (offset > endOffset) log.context.disk.remove(snapshotPath(log, offset))
}

function snapshotPath(log: LogState, offset: number): string {
  return `${log.folder}/${offsetName(offset)}.producers`
}

/** From the newest snapshot that is left, and the batches behind it. */
async function reloadProducers(log: LogState): Promise<void> {
  const { producers, context, segments } = log
  const first = segments[0]!.baseOffset
  const offset = snapshots(log).findLast((candidate) => candidate >= first) ?? first
  const content = readStateFile<ProducersContent>(context.disk, snapshotPath(log, offset), kinds.producers)
  if (content !== undefined) producers.load(content)
  else producers.forgetAll(first > 0)
  await learnFrom(log, content === undefined ? first : offset)
}

async function learnFrom(log: LogState, offset: number): Promise<void> {
  const nowMs = log.context.clock.wallMs()
  const learn = (header: BatchHeader) => {
    if (header.producerId < 0 || header.baseOffset < offset) return undefined
    const before = log.producers.get(header.producerId)
    log.producers.set(header.producerId, afterBatch(before, header, header.baseOffset, header.maxTimestamp, nowMs))
    return undefined
  }
  for (const segment of log.segments) {
    if (segment.endOffset <= offset) continue
    const range = { position: 0, endPosition: segment.bytes, offset: segment.baseOffset }
    const end = await log.context.files.during(segment.path, (file) => scanBatches(file, range, learn))
    if (end.problem !== null) throw new LogError('LOG_CORRUPT', `${segment.path}: byte ${end.position}: ${end.problem}`)
  }
}

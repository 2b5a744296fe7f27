// Cutting off what a kill or a power loss left of the last write, when a log is recovered; and telling it from damage (R9). A torn tail is
// cut only when no sound batch follows; and when the machine has been up since, not where a whole batch or zeros stand: no kill leaves those.
import type { LogContext } from './context.ts'
import { findBatchBehind, isSoundBehindHeader, mayHoldBatch, type ScanEnd } from './scan.ts'
import { corrupt, type Segment } from './segment.ts'

/**
 * `end` says where the sound part of `segments[index]` ends, and what is wrong there; segments behind it go. `sizes` are those of their files.
 * Resolves to the bytes cut. Rejects with LOG_CORRUPT when it is no torn tail, and nothing is changed then.
 */
export async function cutTornTail(
  context: LogContext,
  segments: Segment[],
  sizes: readonly number[],
  index: number,
  end: ScanEnd,
): Promise<number> {
  const torn = segments[index]!
  let cutBytes = sizes[index]! - end.position
  // What is damaged is not behind itself, but a segment behind a gap is.
  const isGap = torn.baseOffset > end.offset
  if (!isGap) await mustBeTorn(context, torn, sizes[index]!, end)
  await mustBeLast(context, torn, isGap ? 0 : end.position + 1, sizes[index]!, end)
  for (const [behind, segment] of segments.entries()) {
    if (behind <= index) continue
    await mustBeLast(context, segment, 0, sizes[behind]!, end)
    cutBytes += sizes[behind]!
  }
  for (const segment of segments.splice(index + 1)) removeSegment(context, segment)
  // A segment that begins behind a gap holds nothing sound.
  if (isGap) for (const segment of segments.splice(index, 1)) removeSegment(context, segment)
  else context.files.get(torn.path).truncate(end.position)
  if (cutBytes > 0) {
    context.counters.cutBytes += cutBytes
    const fields = { file: torn.path, position: end.position, cutBytes, offset: end.offset }
    context.log.warn(fields, `cut a torn tail: ${end.problem}`)
  }
  return cutBytes
}

async function mustBeTorn(context: LogContext, segment: Segment, endPosition: number, end: ScanEnd): Promise<void> {
  const isSound = await context.files.during(segment.path, (file) =>
    isSoundBehindHeader(file, end.position, endPosition),
  )
  if (isSound) throw corrupt(segment, `${end.problem}, and all of it is there but for its header`)
  if (!context.isIntact) return
  const isBatch = await context.files.during(segment.path, (file) => mayHoldBatch(file, end, endPosition))
  if (isBatch) throw corrupt(segment, `${end.problem}, and no kill leaves that`)
}

async function mustBeLast(
  context: LogContext,
  segment: Segment,
  position: number,
  endPosition: number,
  end: ScanEnd,
): Promise<void> {
  const behind = await context.files.during(segment.path, (file) =>
    findBatchBehind(file, position, endPosition, end.offset - 1),
  )
  if (behind !== undefined)
    throw corrupt(segment, `${end.problem}, and a sound batch stands behind it at byte ${behind}`)
}

export function removeSegment({ files, disk }: LogContext, segment: Segment): void {
  files.forget(segment.path)
  disk.remove(segment.path)
  disk.remove(segment.indexPath)
}

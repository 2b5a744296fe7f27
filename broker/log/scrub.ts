// Reading closed segments again, though nobody asked for them: a bit that flips on a disk is found while other replicas still have it
// right, and not when they are needed (R9).
import type { BatchHeader } from '@castellan/protocol/records'
import type { DiskFile } from '@castellan/protocol/runtime'
import { endOffsetOf } from './outline.ts'
import { whileThere } from './reader.ts'
import { scanBatches } from './scan.ts'
import { corrupt, type Segment } from './segment.ts'
import { activeSegment, type LogState } from './state.ts'

/** Resolves when so many bytes more may be read; rejects when no more may be. */
export type Pace = (bytes: number) => Promise<void>

/**
 * Checks every batch of all closed segments. Rejects with a LogError when one is not what was written or cannot be read, and with what
 * `pace` rejects with.
 */
export async function scrubLog(log: LogState, pace: Pace): Promise<void> {
  for (const segment of [...log.segments]) {
    if (log.isAbandoned) return
    // Active, or deleted since the list was made.
    if (segment === activeSegment(log) || segment.deleted) continue
    await whileThere(segment, undefined, () => scrubSegment(log, segment, pace))
  }
}

async function scrubSegment(log: LogState, segment: Segment, pace: Pace): Promise<void> {
  const { context, epochs } = log
  const onBatch = (header: BatchHeader) => {
    const lastOffset = endOffsetOf(header) - 1
    // Of what lies below the start offset the epochs are forgotten.
    return lastOffset < log.startOffset ? undefined : epochs.problemWith(header.partitionLeaderEpoch, lastOffset)
  }
  const range = { position: 0, endPosition: segment.bytes, offset: segment.baseOffset }
  const end = await context.files.during(segment.path, (file) => {
    return scanBatches(pacedFile(file, pace, context.counters), range, onBatch)
  })
  if (segment.deleted || log.isAbandoned) return
  if (end.problem !== null) throw corrupt(segment, `byte ${end.position}: ${end.problem}`)
  if (end.offset !== segment.endOffset) throw corrupt(segment, `it ends with offset ${end.offset - 1}`)
}

function pacedFile(file: DiskFile, pace: Pace, counters: { scrubbedBytes: number }): DiskFile {
  return {
    ...file,
    path: file.path,
    async readAsync(target, position) {
      await pace(target.length)
      const length = await file.readAsync(target, position)
      counters.scrubbedBytes += length
      return length
    },
  }
}

// What is still sound of a damaged log (R9), and going on with that alone, where no replica has a whole one and a person has decided so.
//
//   |====== sound ======|?? damaged ??|... whatever follows ...|
//   start               end                                    had
//   └── stays ──────────┘└──────── set aside, in `cut/` ────────┘
//
// To look changes nothing. To cut is done again from the beginning when a crash comes between: the note of the fault stays until all of it is
// on disk, what is sound is the same each time, and nothing is removed before it is in `cut/`.
import { sleep } from '@castellan/protocol/runtime'
import type { LogContext } from './context.ts'
import { EpochHistory, type EpochsContent, newerEpochs } from './epochs.ts'
import { type CheckpointContent, kinds } from './files.ts'
import { endOffsetOf } from './outline.ts'
import { findBatchBehind, type ScanEnd, scanBatches } from './scan.ts'
import { offsetOf, Segment } from './segment.ts'
import { readStateFile, replaceStateFile } from './state-file.ts'

/** The part of a damaged log that can be gone on with: all of it is what was written, from its start on. */
export interface Sound {
  readonly startOffset: number
  readonly endOffset: number
  /** The leader epoch of its last record; -1: it has none. */
  readonly lastEpoch: number
  /** Where the log ended before it was damaged; null: nobody can tell. */
  readonly hadOffset: number | null
}

export interface Survey extends Sound {
  /** Segments that stay, the last one perhaps only up to `cutAt`. */
  readonly sound: readonly Segment[]
  /** In the last of them; null: it is sound to its end. */
  readonly cutAt: number | null
  /** The others, in order. */
  readonly beyond: readonly Segment[]
  readonly epochs: EpochHistory
}

const chunkBytes = 1024 * 1024
/** Given back to the file system in one turn. */
const cutBytesMax = 16 * 1024 * 1024
/** Damaged places that are looked behind, for where the log ended. */
const damagesMax = 100

/**
 * Reads the log in `folder`, which nobody writes to, up to its first damage. Undefined: `isWanted` said no meanwhile. Rejects with what the
 * disk says, or LOG_VERSION.
 */
export async function surveyLog(
  context: LogContext,
  folder: string,
  isWanted: () => boolean,
): Promise<Survey | undefined> {
  const { disk, files } = context
  const checkpoint = readStateFile<CheckpointContent>(disk, `${folder}/checkpoint`, kinds.checkpoint)
  const written = newerEpochs(readStateFile<EpochsContent>(disk, `${folder}/epochs`, kinds.epochs), checkpoint?.epochs)
  const epochs = written === undefined ? new EpochHistory() : EpochHistory.from(written)
  const knownStart = Math.max(checkpoint?.startOffset ?? 0, epochs.startOffset)
  const all = disk.list(folder).flatMap((name) => offsetOf(name, 'log') ?? [])
  const segments = all.map((baseOffset) => new Segment(folder, baseOffset))
  const first = firstOf(segments, (segment) => files.get(segment.path).size(), checkpoint?.segments[0]?.baseOffset ?? 0)
  const sound: Segment[] = []
  let endOffset = segments[first]?.baseOffset ?? 0
  let end: ScanEnd | undefined
  for (const segment of segments.slice(first)) {
    if (!isWanted()) return undefined
    if (segment.baseOffset !== endOffset) break
    end = await scanSound(context, segment, epochs, written !== undefined)
    sound.push(segment)
    endOffset = end.offset
    if (end.problem !== null) break
  }
  const startOffset = Math.min(Math.max(knownStart, segments[first]?.baseOffset ?? 0), endOffset)
  epochs.truncateEnd(endOffset)
  const beyond = segments.filter((segment) => !sound.includes(segment))
  const last = segments.at(-1)
  // Without a damage that is seen, whatever is missing is missing at the end.
  const isSeen = last !== undefined && (beyond.includes(last) || end?.problem != null)
  const hadOffset = isSeen ? await endBefore(context, last, beyond.includes(last) ? undefined : end) : null
  const isKnown = hadOffset !== null && hadOffset >= (checkpoint?.endOffset ?? 0) && startOffset === knownStart
  return {
    startOffset,
    endOffset,
    lastEpoch: endOffset > startOffset ? epochs.epochAt(endOffset - 1) : -1,
    hadOffset: isKnown ? hadOffset : null,
    sound,
    cutAt: end === undefined || end.problem === null ? null : end.position,
    beyond,
    epochs,
  }
}

/** Of what a deletion, or a beginning anew, has left: nothing that the log begins with. */
function firstOf(segments: readonly Segment[], sizeOf: (segment: Segment) => number, knownFirst: number): number {
  let first = segments.findIndex(({ baseOffset }) => baseOffset >= knownFirst)
  if (first < 0) first = 0
  while (first + 1 < segments.length && sizeOf(segments[first]!) === 0) first++
  return first
}

function scanSound(
  { files }: LogContext,
  segment: Segment,
  epochs: EpochHistory,
  isWritten: boolean,
): Promise<ScanEnd> {
  return files.during(segment.path, (file) => {
    return scanBatches(file, { position: 0, endPosition: file.size(), offset: segment.baseOffset }, (header) => {
      const problem = epochs.problemAtEnd(header.partitionLeaderEpoch, endOffsetOf(header) - 1, isWritten)
      if (problem === undefined) epochs.assign(header.partitionLeaderEpoch, header.baseOffset)
      return problem
    })
  })
}

/**
 * Where the log ended of which `last` is the last segment, and `end` its first damage, if that is there: batch upon batch must lead to the end
 * of the file.
 */
async function endBefore({ files }: LogContext, last: Segment, end: ScanEnd | undefined): Promise<number | null> {
  return files.during(last.path, async (file) => {
    const endPosition = file.size()
    let at: ScanEnd = end ?? { position: -1, offset: last.baseOffset, problem: '' }
    for (let damages = 0; at.problem !== null && damages < damagesMax; damages++) {
      const position = await findBatchBehind(file, at.position + 1, endPosition, at.offset - 1)
      if (position === undefined) return null
      const header = new Uint8Array(8)
      await file.readAsync(header, position)
      const offset = Number(new DataView(header.buffer).getBigInt64(0))
      at = await scanBatches(file, { position, endPosition, offset }, () => undefined)
    }
    return at.problem === null ? at.offset : null
  })
}

/**
 * Leaves in `folder` what is sound, to be opened as a log: all else is in `<folder>/cut/` then. No log is left where no segment is. Rejects
 * with what the disk says: nothing is lost then, and it may be called again, with a new survey.
 */
export async function cutToSound(context: LogContext, folder: string, survey: Survey): Promise<void> {
  const { disk, files } = context
  const { sound, cutAt, beyond, epochs, startOffset } = survey
  const aside = cutFolderOf(folder)
  const last = sound.at(-1)
  disk.mkdir(aside)
  if (last !== undefined && cutAt !== null) await copyTail(context, last, cutAt, aside)
  // From the end on: whatever a crash leaves has the same sound part.
  for (const segment of beyond.toReversed()) {
    files.forget(segment.path)
    setAside(context, segment.path, aside)
    setAside(context, segment.indexPath, aside)
  }
  setAside(context, `${folder}/checkpoint`, aside)
  if (last === undefined) setAside(context, `${folder}/epochs`, aside)
  await disk.syncFolder(aside)
  await disk.syncFolder(folder)
  if (last === undefined) return
  epochs.truncateStart(startOffset)
  await replaceStateFile(disk, `${folder}/epochs`, kinds.epochs, epochs.content)
  if (cutAt === null) return
  disk.remove(last.indexPath)
  await cutTail(context, last, cutAt)
  await files.during(last.path, (file) => file.sync())
}

/** In a log's folder: what is cut off, until it is kept elsewhere. */
export function cutFolderOf(folder: string): string {
  return `${folder}/cut`
}

function setAside({ disk }: LogContext, path: string, aside: string): void {
  if (disk.exists(path)) disk.rename(path, `${aside}/${path.slice(path.lastIndexOf('/') + 1)}`)
}

/** Durable when it resolves. */
async function copyTail({ disk, files }: LogContext, segment: Segment, cutAt: number, aside: string): Promise<void> {
  const name = segment.path.slice(segment.path.lastIndexOf('/') + 1)
  const copy = disk.open(`${aside}/${name}.from-${cutAt}`, 'create')
  try {
    copy.truncate(0)
    const buffer = new Uint8Array(chunkBytes)
    await files.during(segment.path, async (file) => {
      for (let at = cutAt; at < file.size(); ) {
        const bytes = buffer.subarray(0, await file.readAsync(buffer, at))
        if (bytes.length === 0) break
        await copy.writevAsync([bytes], at - cutAt)
        at += bytes.length
      }
    })
    await copy.sync()
  } finally {
    copy.close()
  }
}

async function cutTail({ files, clock }: LogContext, { path }: Segment, cutAt: number): Promise<void> {
  for (;;) {
    const file = files.get(path)
    const excessBytes = file.size() - cutAt
    if (excessBytes > 0) file.truncate(cutAt + Math.max(0, excessBytes - cutBytesMax))
    if (excessBytes <= cutBytesMax) return
    await sleep(clock, 1)
  }
}

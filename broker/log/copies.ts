// What a follower checks of the batches that its leader sent before they go into its log as they are (R5): each is whole and has its
// checksum, begins where the one before ended, and its leader epoch does not go back.
import type { BatchAt } from './appender.ts'
import { endOffsetOf, lengthOf, readOutline } from './outline.ts'
import { checkBatch } from './scan.ts'

export interface CopyPlace {
  /** The log's end: the first batch must begin there. */
  readonly offset: number
  /** Of the log's last record; -1: it has none. */
  readonly lastEpoch: number
  /** The epoch of the leader that sent them: no batch can have a higher one. */
  readonly leaderEpoch: number
}

/** Batches to be appended together: they fit into a segment, or are one. */
export interface Copied {
  readonly records: Uint8Array
  readonly batches: readonly BatchAt[]
}

export interface Copies {
  readonly runs: readonly Copied[]
  /** Why what stands behind them is none; null: all was fine, but for a last batch that the answer's limit cut off (KIP-74). */
  readonly problem: string | null
}

/** The batches of one partition of a fetch answer, in runs of at most `runBytesMax` (or of one batch). */
export function checkCopies(records: Uint8Array, place: CopyPlace, runBytesMax: number): Copies {
  const runs: Copied[] = []
  let batches: BatchAt[] = []
  let start = 0
  let at = 0
  let { offset, lastEpoch } = place
  let problem: string | null = null
  const endRun = () => {
    if (batches.length > 0) runs.push({ records: records.subarray(start, at), batches })
    batches = []
    start = at
  }
  while (at < records.length && !isCutOff(records, at)) {
    const header = checkBatch(records, at, offset)
    if (typeof header === 'string') {
      problem = header
      break
    }
    const epoch = header.partitionLeaderEpoch
    if (epoch < lastEpoch || epoch > place.leaderEpoch) {
      problem = `the batch of offset ${offset} has leader epoch ${epoch}, after ${lastEpoch}, from a leader at ${place.leaderEpoch}`
      break
    }
    const length = lengthOf(header)
    if (at > start && at + length - start > runBytesMax) endRun()
    batches.push({ at: at - start, header })
    at += length
    offset = endOffsetOf(header)
    lastEpoch = epoch
  }
  endRun()
  return { runs, problem }
}

/** The offset of the first record in `records`; undefined: they do not begin with a batch. */
export function firstOffset(records: Uint8Array): number | undefined {
  return records.length < outlineBytes ? undefined : readOutline(records, 0)?.baseOffset
}

const outlineBytes = 61
const lengthEnd = 12

/** By the limit of bytes of a fetch: only the last batch of an answer can be. */
function isCutOff(records: Uint8Array, at: number): boolean {
  if (at + lengthEnd > records.length) return true
  const length = new DataView(records.buffer, records.byteOffset + at + 8, 4).getInt32(0)
  return length > 0 && at + lengthEnd + length > records.length
}

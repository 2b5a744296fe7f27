// What appending to and reading from a partition comes to: values with Kafka's error codes, never exceptions.
import type { Sound } from '../log/salvage.ts'

/** The outcome of one produce request for one partition. */
export interface AppendResult {
  /** Kafka's; 0: appended (or found as a duplicate of what stands at `baseOffset`). */
  readonly errorCode: number
  /** The offset of the first record; -1 when refused. */
  readonly baseOffset: number
  /** ms since 1970 where the topic says LogAppendTime, else -1. */
  readonly logAppendTimeMs: number
  /** The partition's start offset, -1 when it is not known here. */
  readonly logStartOffset: number
  /** For people; absent when there is nothing to add to the code. */
  readonly errorMessage?: string
}

/** Whole batches, or why there are none. */
export interface ReadResult {
  /** Kafka's; 0 also when there is nothing to read yet. */
  readonly errorCode: number
  /** Whole batches, in order, contiguous. Not to be changed; valid until `release`. */
  readonly chunks: readonly Uint8Array[]
  /** Sum of the chunks' lengths. */
  readonly bytes: number
  readonly highWatermark: number
  readonly startOffset: number
  /** There is data, but it must come from a cold file: ask `readCold` for it. `chunks` is empty then. */
  readonly cold: boolean
  /** Must be called once, when the chunks were sent or will not be. Further calls do nothing. */
  release(): void
}

export interface TimestampOffset {
  /** Kafka's; when it is not 0 the rest is -1. */
  readonly errorCode: number
  readonly offset: number
  /** ms since 1970; -1: none. */
  readonly timestamp: number
  readonly leaderEpoch: number
}

export interface EpochEnd {
  /** The largest epoch in the log that is not above the one asked for; -1: none. */
  readonly epoch: number
  /** Where that epoch ends (where the next one starts, or the log's end); -1: unknown. */
  readonly endOffset: number
}

/** What a broker reports to Castle of one log on its disk. */
export interface PartitionReport {
  readonly topicId: string
  readonly partition: number
  /** The highest leader epoch that the log knows; -1: none. */
  readonly leaderEpoch: number
  readonly fault: string | null
  /** Only while it neither leads nor follows: the leader epoch of its last record (-1: it has none), and its end (R7). */
  readonly lastEpoch?: number
  readonly endOffset?: number
  /** As the report has it: of a log that is damaged or fetched anew, while nobody leads. */
  readonly sound?: Sound
}

export const nothingToRelease = (): void => {}

export function refusedAppend(errorCode: number, errorMessage?: string, logStartOffset = -1): AppendResult {
  const result = { errorCode, baseOffset: -1, logAppendTimeMs: -1, logStartOffset }
  return errorMessage === undefined ? result : { ...result, errorMessage }
}

export function unknownTimestamp(errorCode: number): TimestampOffset {
  return { errorCode, offset: -1, timestamp: -1, leaderEpoch: -1 }
}

export function emptyRead(errorCode: number, highWatermark = -1, startOffset = -1): ReadResult {
  return { errorCode, chunks: [], bytes: 0, highWatermark, startOffset, cold: false, release: nothingToRelease }
}

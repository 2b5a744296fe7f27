// What a log is, in memory: its segments and what is known of their content. Shared by the parts that append (log.ts), read
// (reader.ts), write it down (keeper.ts) and cut (truncation.ts).
import type { CachedLog } from './batch-cache.ts'
import type { LogContext, LogSettings } from './context.ts'
import type { EpochHistory } from './epochs.ts'
import type { Producers } from './producers.ts'
import type { Segment } from './segment.ts'

export interface LogState {
  readonly context: LogContext
  readonly folder: string
  settings: LogSettings
  /** In order, each beginning where the one before ends; the last one is appended to. */
  readonly segments: Segment[]
  /** Records below are deleted, though their segment may still be there. */
  startOffset: number
  /** One past the last written record. */
  endOffset: number
  /** One past the last staged record. */
  nextOffset: number
  /** Everything below was synced. */
  syncedOffset: number
  readonly epochs: EpochHistory
  readonly producers: Producers
  readonly cached: CachedLog
  /** Settles with what is being written off the loop; until then nothing else is staged. Null: nothing is. */
  writing: Promise<unknown> | null
  /** The log is closed, or out of use: what still runs for it is nobody's concern. */
  isAbandoned: boolean
}

export function activeSegment({ segments }: LogState): Segment {
  return segments[segments.length - 1]!
}

/** The segment that holds `offset`, which is not below the first one's base. */
export function segmentOf({ segments }: LogState, offset: number): Segment {
  let low = 0
  let high = segments.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (segments[middle]!.baseOffset <= offset) low = middle + 1
    else high = middle
  }
  return segments[Math.max(0, low - 1)]!
}

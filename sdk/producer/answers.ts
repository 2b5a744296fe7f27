// What an answer of the leader means for a batch: one table.
import { errors } from '@castellan/protocol'

/**
 * written: done.   again: send it again.   gap: something before it is missing (see Line).   fenced: a later producer epoch is known.
 * split: too large, in halves perhaps not.   failed: for good.
 */
export type Verdict = 'written' | 'again' | 'gap' | 'fenced' | 'split' | 'failed'

/** Codes that say nothing about who leads, though a retry helps: asking for metadata would only add load. */
const leadershipUnchanged = new Set<number>([
  errors.NOT_ENOUGH_REPLICAS.code,
  errors.NOT_ENOUGH_REPLICAS_AFTER_APPEND.code,
  errors.REQUEST_TIMED_OUT.code,
  errors.CORRUPT_MESSAGE.code,
  errors.THROTTLING_QUOTA_EXCEEDED.code,
])

/** Codes after which the log may have the batch. */
const perhapsWritten = new Set<number>([
  // Also the word of a leader that stood down while what it had written waited for its followers: the next leader may have it.
  errors.NOT_LEADER_OR_FOLLOWER.code,
  errors.UNKNOWN_TOPIC_OR_PARTITION.code,
  errors.NOT_ENOUGH_REPLICAS_AFTER_APPEND.code,
  errors.REQUEST_TIMED_OUT.code,
  errors.UNKNOWN_SERVER_ERROR.code,
  // Its log failed while or after it wrote.
  errors.KAFKA_STORAGE_ERROR.code,
])

export interface Judgement {
  readonly verdict: Verdict
  /** Ask for metadata: somebody else may lead. */
  readonly refresh: boolean
  readonly maybeWritten: boolean
}

export function judge(errorCode: number, retriable: boolean, recordCount: number): Judgement {
  const maybeWritten = perhapsWritten.has(errorCode)
  const verdict = verdictOf(errorCode, retriable, recordCount)
  return { verdict, refresh: verdict === 'again' && !leadershipUnchanged.has(errorCode), maybeWritten }
}

function verdictOf(errorCode: number, retriable: boolean, recordCount: number): Verdict {
  switch (errorCode) {
    case errors.NONE.code:
    // It was written long ago, so that the leader has forgotten where.
    case errors.DUPLICATE_SEQUENCE_NUMBER.code:
      return 'written'
    case errors.OUT_OF_ORDER_SEQUENCE_NUMBER.code:
    case errors.UNKNOWN_PRODUCER_ID.code:
      return 'gap'
    case errors.INVALID_PRODUCER_EPOCH.code:
    case errors.PRODUCER_FENCED.code:
      return 'fenced'
    case errors.MESSAGE_TOO_LARGE.code:
      return recordCount > 1 ? 'split' : 'failed'
    default:
      return retriable ? 'again' : 'failed'
  }
}

// What a leader checks of a produce request's batches before it takes them: pure, and the same for the broker's own records.
import { errors, type TopicSettings } from '@castellan/protocol'
import {
  type BatchHeader,
  batchBytes,
  checkRecords,
  isControl,
  isTransactional,
  RecordError,
  readBatchHeader,
  verifyCrc,
} from '@castellan/protocol/records'
import type { BatchAt } from '../log/appender.ts'

export interface Refusal {
  readonly kind: 'refused'
  /** Kafka's. */
  readonly errorCode: number
  readonly reason: string
}

export function refusal(error: { code: number }, reason: string): Refusal {
  return { kind: 'refused', errorCode: error.code, reason }
}

type Limits = Pick<
  TopicSettings,
  | 'maxMessageBytes'
  | 'segmentBytes'
  | 'messageTimestampType'
  | 'messageTimestampBeforeMaxMs'
  | 'messageTimestampAfterMaxMs'
>

/** The batches that `records` consists of, when each may be appended; else why none of them is. */
export function checkBatches(records: Uint8Array, limits: Limits, nowMs: number): readonly BatchAt[] | Refusal {
  if (records.length > limits.segmentBytes) {
    return refusal(
      errors.RECORD_LIST_TOO_LARGE,
      `${records.length} bytes do not fit into a segment of ${limits.segmentBytes}`,
    )
  }
  const batches: BatchAt[] = []
  try {
    for (let at = 0; at < records.length; at += batchBytes(records, at)) {
      const header = readBatchHeader(records, at)
      const problem = checkBatch(records, at, header, limits, nowMs)
      if (problem !== undefined) return problem
      batches.push({ at, header })
    }
  } catch (error) {
    if (error instanceof RecordError) return refusal({ code: error.errorCode }, error.message)
    throw error
  }
  return batches.length > 0 ? batches : refusal(errors.INVALID_RECORD, 'the request has no batch for this partition')
}

function checkBatch(
  records: Uint8Array,
  at: number,
  header: BatchHeader,
  limits: Limits,
  nowMs: number,
): Refusal | undefined {
  const length = batchBytes(records, at)
  if (length > limits.maxMessageBytes) {
    return refusal(
      errors.MESSAGE_TOO_LARGE,
      `a batch of ${length} bytes is above max.message.bytes=${limits.maxMessageBytes}`,
    )
  }
  if (!verifyCrc(records, at, length)) return refusal(errors.CORRUPT_MESSAGE, 'a batch does not have its checksum')
  const malformed = checkRecords(records, at)
  if (malformed !== null) return refusal({ code: malformed.errorCode }, malformed.message)
  return checkKind(header) ?? checkTimestamps(header, limits, nowMs)
}

function checkKind({ attributes, producerId, producerEpoch, baseSequence }: BatchHeader): Refusal | undefined {
  if (isControl(attributes)) return refusal(errors.INVALID_RECORD, 'control batches are written by brokers only')
  if (isTransactional(attributes)) return refusal(errors.INVALID_RECORD, 'this version has no transactions')
  if (producerId >= 0 && (producerEpoch < 0 || baseSequence < 0)) {
    return refusal(
      errors.INVALID_RECORD,
      `producer ${producerId} gives epoch ${producerEpoch} and sequence ${baseSequence}`,
    )
  }
  return undefined
}

function checkTimestamps(
  { baseTimestamp, maxTimestamp }: BatchHeader,
  limits: Limits,
  nowMs: number,
): Refusal | undefined {
  if (limits.messageTimestampType === 'LogAppendTime' || maxTimestamp < 0) return undefined
  if (maxTimestamp - nowMs > limits.messageTimestampAfterMaxMs) {
    const allowed = `message.timestamp.after.max.ms=${limits.messageTimestampAfterMaxMs}`
    return refusal(errors.INVALID_TIMESTAMP, `a record is ${maxTimestamp - nowMs} ms ahead of this broker: ${allowed}`)
  }
  if (nowMs - baseTimestamp > limits.messageTimestampBeforeMaxMs) {
    const allowed = `message.timestamp.before.max.ms=${limits.messageTimestampBeforeMaxMs}`
    return refusal(errors.INVALID_TIMESTAMP, `a record is ${nowMs - baseTimestamp} ms old: ${allowed}`)
  }
  return undefined
}

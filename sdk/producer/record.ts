// A message as it is sent, as a record of a batch.
import type { RecordHeader } from '@castellan/protocol/records'
import { CastellanError, messageOf } from '../errors.ts'
import type { Bytes, PlainMessage, ProducedRecord } from './types.ts'

/** About what a message takes: exact for bytes and ASCII. */
export function sizeOf({ key, value, headers }: PlainMessage): number {
  let bytes = 24 + (key?.length ?? 0) + (value?.length ?? 0)
  if (headers === undefined) return bytes
  for (const name in headers) bytes += 8 + name.length + lengthOf(headers[name]!)
  return bytes
}

function lengthOf(value: Bytes | readonly Bytes[]): number {
  if (!Array.isArray(value)) return (value as Bytes)?.length ?? 0
  return (value as readonly Bytes[]).reduce((sum, one) => sum + 8 + (one?.length ?? 0), 0)
}

/** `nowMs`: wall clock, for a message without a time of its own. */
export function recordOf({ key, value, headers, timestampMs }: PlainMessage, nowMs: number): ProducedRecord {
  const record = { key: key ?? null, value: value ?? null, timestamp: timestampMs ?? nowMs }
  return headers === undefined ? record : { ...record, headers: headersOf(headers) }
}

function headersOf(headers: NonNullable<PlainMessage['headers']>): RecordHeader[] {
  return Object.entries(headers).flatMap(([key, value]) =>
    Array.isArray(value)
      ? (value as readonly Bytes[]).map((one) => ({ key, value: one }))
      : [{ key, value: value as Bytes }],
  )
}

/** What is wrong with a message that cannot be written as a record. */
export function unsendable(cause: unknown): CastellanError {
  return new CastellanError('MESSAGE_INVALID', `this cannot be sent: ${messageOf(cause)}`, { cause })
}

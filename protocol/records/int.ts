// Big-endian integers in a Uint8Array. By hand and not by DataView: no view is made per batch, and V8 inlines these.
import { RecordError } from './errors.ts'

export function getInt16(bytes: Uint8Array, at: number): number {
  return (((bytes[at]! << 8) | bytes[at + 1]!) << 16) >> 16
}

export function getInt32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

/** A signed 64-bit integer as a number; throws when it is not a safe integer. */
export function getInt64(bytes: Uint8Array, at: number): number {
  const value = getInt32(bytes, at) * 0x1_0000_0000 + (getInt32(bytes, at + 4) >>> 0)
  if (!Number.isSafeInteger(value))
    throw new RecordError('batch-malformed', `the 64-bit number at byte ${at} is beyond 2^53`)
  return value
}

export function putInt16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8
  bytes[at + 1] = value
}

export function putInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 24
  bytes[at + 1] = value >> 16
  bytes[at + 2] = value >> 8
  bytes[at + 3] = value
}

/** `value` must be a safe integer. */
export function putInt64(bytes: Uint8Array, at: number, value: number): void {
  // Floor, not truncation: the low word of a negative number counts up from the high word.
  putInt32(bytes, at, Math.floor(value / 0x1_0000_0000))
  putInt32(bytes, at + 4, (value % 0x1_0000_0000) | 0)
}

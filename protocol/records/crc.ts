// CRC-32C of a batch, in native code: about 0.1 us a call plus 7 GB/s.
import { crc32c as nativeCrc32c } from '@node-rs/crc32'
import { getInt32, putInt32 } from './int.ts'
import { attributesAt, crcAt } from './layout.ts'

/** CRC-32C (Castagnoli) as an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array): number {
  return nativeCrc32c(bytes)
}

/** Whether the batch at `at`, `length` bytes long in all, is what its writer wrote. */
export function verifyCrc(bytes: Uint8Array, at: number, length: number): boolean {
  return getInt32(bytes, at + crcAt) >>> 0 === crc32c(bytes.subarray(at + attributesAt, at + length))
}

/** Sets the CRC of the batch at `at` after a change under it. */
export function writeCrc(bytes: Uint8Array, at: number, length: number): void {
  putInt32(bytes, at + crcAt, crc32c(bytes.subarray(at + attributesAt, at + length)))
}

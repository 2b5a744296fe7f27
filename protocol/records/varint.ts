// Zigzag varints of record batches v2: 0, -1, 1, -2 ... become 0, 1, 2, 3 ..., seven bits a byte, lowest first.
//
// 32-bit values take at most 5 bytes, 64-bit ones (timestamp deltas) at most 10. Numbers beyond 2^53 are refused.
import { RecordError } from './errors.ts'

/** Bytes of a 32-bit value. */
export function varintBytes(value: number): number {
  const zigzag = (value << 1) ^ (value >> 31)
  // 1 byte for up to 7 significant bits, and one for each 7 more.
  return ((38 - Math.clz32(zigzag | 1)) / 7) | 0
}

/** Bytes of a safe integer. */
export function varlongBytes(value: number): number {
  if ((value | 0) === value) return varintBytes(value)
  let zigzag = value >= 0 ? value * 2 : -value * 2 - 1
  let bytes = 1
  for (; zigzag >= 128; zigzag = Math.floor(zigzag / 128)) bytes++
  return bytes
}

/** Writes a 32-bit value at `at`; returns where the next byte goes. */
export function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let zigzag = (value << 1) ^ (value >> 31)
  while ((zigzag & ~0x7f) !== 0) {
    bytes[at++] = zigzag | 0x80
    zigzag >>>= 7
  }
  bytes[at++] = zigzag
  return at
}

/** Writes a safe integer at `at`; returns where the next byte goes. */
export function putVarlong(bytes: Uint8Array, at: number, value: number): number {
  if ((value | 0) === value) return putVarint(bytes, at, value)
  let zigzag = value >= 0 ? value * 2 : -value * 2 - 1
  for (; zigzag >= 128; zigzag = Math.floor(zigzag / 128)) bytes[at++] = (zigzag % 128) | 0x80
  bytes[at++] = zigzag
  return at
}

/** Reads varints one after another from [at, end). Throws a RecordError when one reaches past `end` or is too long. */
export class VarintReader {
  readonly bytes: Uint8Array
  at: number
  readonly end: number

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes
    this.at = at
    this.end = end
  }

  varint(): number {
    const first = this.at < this.end ? this.bytes[this.at]! : 0x80
    if (first >= 0x80) return this.#longVarint()
    this.at++
    return (first >>> 1) ^ -(first & 1)
  }

  #longVarint(): number {
    let zigzag = 0
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.at >= this.end) throw new RecordError('record-malformed', 'a number reaches past the end of its batch')
      const byte = this.bytes[this.at++]!
      // The fifth byte holds the last four bits.
      if (shift === 28 && byte > 0x0f) break
      zigzag |= (byte & 0x7f) << shift
      if (byte < 0x80) return (zigzag >>> 1) ^ -(zigzag & 1)
    }
    throw new RecordError('record-malformed', 'a number takes more than 32 bits')
  }

  varlong(): number {
    let zigzag = 0
    let unit = 1
    for (let count = 0; count < 8; count++) {
      if (this.at >= this.end) throw new RecordError('record-malformed', 'a number reaches past the end of its batch')
      const byte = this.bytes[this.at++]!
      zigzag += (byte & 0x7f) * unit
      unit *= 128
      if (byte >= 0x80) continue
      if (zigzag > Number.MAX_SAFE_INTEGER) break
      return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
    }
    throw new RecordError('record-malformed', 'a timestamp is beyond 2^52 ms from the first of its batch')
  }

  /** A length of what follows: -1 where `nullable` is set and it is null, else between 0 and what is left. */
  length(nullable: boolean): number {
    const length = this.varint()
    if (length > this.end - this.at || length < (nullable ? -1 : 0)) {
      throw new RecordError('record-malformed', `a length of ${length} does not fit its record`)
    }
    return length
  }
}

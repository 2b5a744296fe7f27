// Reads the fields of a message from bytes that a stranger sent. Whatever they are, the outcome is a value or a
// ProtocolError: every read is checked against the end, every count against what the bytes that are left can hold,
// before anything is allocated for it.
import { ProtocolError, type ProtocolErrorCode } from './protocol-error.ts'
import { decodeText, decodeUuid } from './text.ts'

/** Array elements in one message, all arrays together. */
const elementsMax = 1_000_000
const stringBytesMax = 32_767
const maxSafe = Number.MAX_SAFE_INTEGER

export class Reader {
  readonly bytes: Buffer
  #at: number
  #end: number
  #elements = 0

  /** Reads [start, end) of `bytes`; the positions in errors count from the start of `bytes`. */
  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#at = start
    this.#end = Math.min(end, bytes.length)
  }

  get position(): number {
    return this.#at
  }

  get remaining(): number {
    return this.#end - this.#at
  }

  boolean(): boolean {
    return this.bytes[this.#take(1)] !== 0
  }

  int8(): number {
    return (this.bytes[this.#take(1)]! << 24) >> 24
  }

  int16(): number {
    const at = this.#take(2)
    const bytes = this.bytes
    return (((bytes[at]! << 8) | bytes[at + 1]!) << 16) >> 16
  }

  uint16(): number {
    const at = this.#take(2)
    return (this.bytes[at]! << 8) | this.bytes[at + 1]!
  }

  int32(): number {
    const at = this.#take(4)
    const bytes = this.bytes
    return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
  }

  uint32(): number {
    return this.int32() >>> 0
  }

  int64(): number {
    const at = this.#take(8)
    const bytes = this.bytes
    const high = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
    const low = ((bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!) >>> 0
    const value = high * 4_294_967_296 + low
    if (value > maxSafe || value < -maxSafe) return this.#farInt64(high, low)
    return value
  }

  float64(): number {
    return this.bytes.readDoubleBE(this.#take(8))
  }

  uuid(): string {
    return decodeUuid(this.bytes, this.#take(16))
  }

  /** At most 32 bits. */
  uvarint(): number {
    const first = this.bytes[this.#take(1)]!
    return first < 0x80 ? first : this.#longUvarint(first & 0x7f)
  }

  string(): string {
    return this.#text(this.int16())
  }

  nullableString(): string | null {
    const length = this.int16()
    return length === -1 ? null : this.#text(length)
  }

  compactString(): string {
    return this.#text(this.uvarint() - 1)
  }

  compactNullableString(): string | null {
    const length = this.uvarint() - 1
    return length === -1 ? null : this.#text(length)
  }

  bytesField(): Uint8Array {
    return this.#view(this.int32())
  }

  nullableBytes(): Uint8Array | null {
    const length = this.int32()
    return length === -1 ? null : this.#view(length)
  }

  compactBytes(): Uint8Array {
    return this.#view(this.uvarint() - 1)
  }

  compactNullableBytes(): Uint8Array | null {
    const length = this.uvarint() - 1
    return length === -1 ? null : this.#view(length)
  }

  /** The count of an array whose elements take at least `elementBytes` each. */
  arrayLength(elementBytes: number): number {
    return this.#count(this.int32(), elementBytes)
  }

  /** -1: null. */
  nullableArrayLength(elementBytes: number): number {
    const count = this.int32()
    return count === -1 ? -1 : this.#count(count, elementBytes)
  }

  compactArrayLength(elementBytes: number): number {
    return this.#count(this.uvarint() - 1, elementBytes)
  }

  compactNullableArrayLength(elementBytes: number): number {
    const count = this.uvarint() - 1
    return count === -1 ? -1 : this.#count(count, elementBytes)
  }

  /** Whether a nullable struct is there. */
  present(): boolean {
    const mark = this.int8()
    if (mark !== 1 && mark !== -1) throw this.#error('BAD_LENGTH', `a struct is marked ${mark}, not 1 or -1`)
    return mark === 1
  }

  /** How many tagged fields follow; each takes two bytes or more. */
  tagCount(): number {
    const count = this.uvarint()
    if (count * 2 > this.remaining) throw this.#error('BAD_TAG', `${count} tagged fields in ${this.remaining} bytes`)
    return count
  }

  /** The next tag, which must be higher than the last (KIP-482). */
  tagAfter(last: number): number {
    const tag = this.uvarint()
    if (tag <= last) throw this.#error('BAD_TAG', `tag ${tag} after ${last}`)
    return tag
  }

  /** Narrows the reader to one tagged field; gives back the end to widen it to again. */
  enterTag(): number {
    const length = this.uvarint()
    if (length > this.remaining) throw this.#error('BAD_TAG', `a tagged field of ${length} bytes in ${this.remaining}`)
    const outerEnd = this.#end
    this.#end = this.#at + length
    return outerEnd
  }

  leaveTag(outerEnd: number): void {
    if (this.#at !== this.#end) throw this.#error('BAD_TAG', `${this.remaining} bytes of a tagged field are left over`)
    this.#end = outerEnd
  }

  /** Skips what is left: of the tagged field, when inside one. */
  skipRest(): void {
    this.#at = this.#end
  }

  /** Skips tagged fields of which none is known. */
  skipTags(): void {
    if (this.bytes[this.#at] === 0 && this.#at < this.#end) {
      this.#at++
      return
    }
    let last = -1
    for (let left = this.tagCount(); left > 0; left--) {
      last = this.tagAfter(last)
      const end = this.enterTag()
      this.skipRest()
      this.leaveTag(end)
    }
  }

  #take(length: number): number {
    const at = this.#at
    const next = at + length
    if (next > this.#end) throw this.#error('TRUNCATED', `${length} bytes wanted, ${this.remaining} left`)
    this.#at = next
    return at
  }

  #text(length: number): string {
    if (length < 0) throw this.#lengthError('string', length)
    if (length > stringBytesMax)
      throw this.#error('BAD_LENGTH', `a string of ${length} bytes, at most ${stringBytesMax}`)
    const at = this.#take(length)
    return decodeText(this.bytes, at, at + length)
  }

  #view(length: number): Uint8Array {
    if (length < 0) throw this.#lengthError('bytes', length)
    const at = this.#take(length)
    return this.bytes.subarray(at, at + length)
  }

  #count(count: number, elementBytes: number): number {
    if (count < 0) throw this.#lengthError('array', count)
    if (count * elementBytes > this.remaining) {
      throw this.#error('BAD_LENGTH', `${count} elements of at least ${elementBytes} bytes in ${this.remaining}`)
    }
    this.#elements += count
    if (this.#elements > elementsMax) throw this.#error('TOO_MANY_ELEMENTS', `more than ${elementsMax} array elements`)
    return count
  }

  #longUvarint(low: number): number {
    let value = low
    for (let shift = 7; shift < 28; shift += 7) {
      const byte = this.bytes[this.#take(1)]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    const last = this.bytes[this.#take(1)]!
    if (last > 0x0f) throw this.#error('BAD_VARINT', 'a varint of more than 32 bits')
    return value + last * 0x1000_0000
  }

  #farInt64(high: number, low: number): number {
    if (high === 0x7fff_ffff && low === 0xffff_ffff) return maxSafe
    const value = (BigInt(high) << 32n) | BigInt(low)
    throw this.#error('OUT_OF_RANGE', `${value} is beyond the integers that this platform counts with (2^53)`)
  }

  #lengthError(what: string, length: number): ProtocolError {
    if (length === -1) return this.#error('NULL', `null where ${what} must not be null`)
    return this.#error('BAD_LENGTH', `${what} of length ${length}`)
  }

  #error(code: ProtocolErrorCode, what: string): ProtocolError {
    return new ProtocolError(code, `${what} (at byte ${this.#at})`)
  }
}

// Writes the fields of a message, and hands it out as a list of chunks.
//
//   chunks:  [ length, header, fields .. ][ record batches ][ .. fields ]
//              from a block               as given           from a block
//
// Small fields go into a block that many messages share one after another: a message costs no allocation of its
// own, and a block is garbage once all its messages are sent. Byte fields above `referenceBytesMin` are not copied:
// they become chunks themselves, and must not change until the message is sent.
import { ProtocolError } from './protocol-error.ts'
import { encodeUuid } from './text.ts'

const blockBytes = 64 * 1024
const referenceBytesMin = 4 * 1024
const stringBytesMax = 32_767
/** Characters; their bytes and one more fit a varint of one byte. */
const shortTextMax = 42
const maxSafe = Number.MAX_SAFE_INTEGER

const nothing = Buffer.alloc(0)
/** The last block and what is used of it, when no writer holds it; `nothing` when one does. */
let spareBlock: Buffer = nothing
let spareAt = 0

export class Writer {
  #block: Buffer
  /** Where the chunk that is being written starts, and where the next byte goes. */
  #start: number
  #at: number
  #done: Uint8Array[] = []
  #doneBytes = 0

  constructor() {
    this.#block = spareBlock
    this.#start = spareAt
    this.#at = spareAt
    // Whoever makes another writer before this one is done gets another block.
    spareBlock = nothing
    spareAt = 0
  }

  get byteLength(): number {
    return this.#doneBytes + this.#at - this.#start
  }

  /** Ends the message. Nothing can be written after it. Throws OUT_OF_RANGE where a text or bytes were due and something else was given. */
  chunks(): Uint8Array[] {
    // What has no length leaves no place for the next byte; the block is shared, so every later message would have none either.
    if (Number.isNaN(this.#at)) throw new ProtocolError('OUT_OF_RANGE', 'a text or bytes were due, not another type')
    this.#cut()
    // A larger one was for this message alone.
    if (this.#block.length === blockBytes) {
      spareBlock = this.#block
      spareAt = this.#at
    }
    this.#block = nothing
    return this.#done
  }

  /** Ends the message, whose first four bytes are set to the length of what follows them. */
  frame(): Uint8Array[] {
    const length = this.byteLength - 4
    const chunks = this.chunks()
    const first = chunks[0]!
    first[0] = length >>> 24
    first[1] = length >>> 16
    first[2] = length >>> 8
    first[3] = length
    return chunks
  }

  boolean(value: boolean): void {
    this.#room(1)
    this.#block[this.#at++] = value ? 1 : 0
  }

  int8(value: number): void {
    if ((value << 24) >> 24 !== value) throw outOfRange('int8', value)
    this.#room(1)
    this.#block[this.#at++] = value
  }

  int16(value: number): void {
    if ((value << 16) >> 16 !== value) throw outOfRange('int16', value)
    this.#put16(value)
  }

  uint16(value: number): void {
    if ((value & 0xffff) !== value) throw outOfRange('uint16', value)
    this.#put16(value)
  }

  int32(value: number): void {
    if ((value | 0) !== value) throw outOfRange('int32', value)
    this.#put32(value)
  }

  uint32(value: number): void {
    if (value >>> 0 !== value) throw outOfRange('uint32', value)
    this.#put32(value)
  }

  int64(value: number): void {
    if (!Number.isSafeInteger(value)) throw outOfRange('int64 that is a safe integer', value)
    if (value === maxSafe) {
      this.#put32(0x7fff_ffff)
      this.#put32(-1)
      return
    }
    this.#put32(Math.floor(value / 4_294_967_296))
    this.#put32(value)
  }

  float64(value: number): void {
    this.#room(8)
    this.#at = this.#block.writeDoubleBE(value, this.#at)
  }

  uuid(value: string): void {
    this.#room(16)
    if (!encodeUuid(value, this.#block, this.#at)) throw new ProtocolError('OUT_OF_RANGE', `no uuid: ${value}`)
    this.#at += 16
  }

  uvarint(value: number): void {
    this.#room(5)
    if (value < 0x80) {
      this.#block[this.#at++] = value
      return
    }
    let left = value
    while (left >= 0x80) {
      this.#block[this.#at++] = (left & 0x7f) | 0x80
      left = Math.floor(left / 0x80)
    }
    this.#block[this.#at++] = left
  }

  string(value: string): void {
    if (value === null) throw nullError()
    this.nullableString(value)
  }

  nullableString(value: string | null): void {
    if (value === null) return this.#put16(-1)
    if (value.length > shortTextMax) {
      const bytes = textBytes(value)
      this.#put16(bytes)
      this.#longText(value, bytes)
      return
    }
    this.#room(2 + value.length * 3)
    const at = this.#at
    this.#at += 2
    const bytes = this.#shortText(value)
    this.#block[at] = 0
    this.#block[at + 1] = bytes
  }

  compactString(value: string): void {
    if (value === null) throw nullError()
    this.compactNullableString(value)
  }

  compactNullableString(value: string | null): void {
    if (value === null) return this.uvarint(0)
    if (value.length > shortTextMax) {
      const bytes = textBytes(value)
      this.uvarint(bytes + 1)
      this.#longText(value, bytes)
      return
    }
    this.#room(1 + value.length * 3)
    const at = this.#at
    this.#at++
    this.#block[at] = this.#shortText(value) + 1
  }

  bytesField(value: Uint8Array): void {
    if (value === null) throw nullError()
    this.nullableBytes(value)
  }

  nullableBytes(value: Uint8Array | null): void {
    if (value === null) return this.#put32(-1)
    this.int32(value.length)
    this.#bytes(value)
  }

  compactBytes(value: Uint8Array): void {
    if (value === null) throw nullError()
    this.compactNullableBytes(value)
  }

  compactNullableBytes(value: Uint8Array | null): void {
    if (value === null) return this.uvarint(0)
    this.uvarint(value.length + 1)
    this.#bytes(value)
  }

  records(value: Uint8Array | readonly Uint8Array[] | null): void {
    if (value === null || value instanceof Uint8Array) return this.nullableBytes(value)
    this.int32(totalBytes(value))
    for (const piece of value) this.#bytes(piece)
  }

  compactRecords(value: Uint8Array | readonly Uint8Array[] | null): void {
    if (value === null || value instanceof Uint8Array) return this.compactNullableBytes(value)
    this.uvarint(totalBytes(value) + 1)
    for (const piece of value) this.#bytes(piece)
  }

  /** An array's count. */
  arrayLength(count: number): void {
    this.int32(count)
  }

  compactArrayLength(count: number): void {
    this.uvarint(count + 1)
  }

  /** For an array that is null where it must not be. */
  refuseNull(): never {
    throw nullError()
  }

  /** Marks a nullable struct. */
  present(isPresent: boolean): void {
    this.int8(isPresent ? 1 : -1)
  }

  /** Starts a tagged field; its length is filled in by `endTag`, which takes what this returns. */
  startTag(tag: number): number {
    this.uvarint(tag)
    this.#room(1)
    this.#at++
    return this.byteLength
  }

  endTag(started: number): void {
    // A tagged field holds no byte fields (the compiler sees to it), so it lies in one chunk.
    const length = this.byteLength - started
    const from = this.#at - length
    if (length < 0x80) {
      this.#block[from - 1] = length
      return
    }
    const extra = length < 0x4000 ? 1 : length < 0x20_0000 ? 2 : length < 0x1000_0000 ? 3 : 4
    this.#room(extra)
    const moved = this.#at - length
    this.#block.copyWithin(moved + extra, moved, this.#at)
    const end = this.#at + extra
    this.#at = moved - 1
    this.uvarint(length)
    this.#at = end
  }

  #put16(value: number): void {
    this.#room(2)
    const block = this.#block
    block[this.#at] = value >> 8
    block[this.#at + 1] = value
    this.#at += 2
  }

  #put32(value: number): void {
    this.#room(4)
    const block = this.#block
    const at = this.#at
    block[at] = value >> 24
    block[at + 1] = value >> 16
    block[at + 2] = value >> 8
    block[at + 3] = value
    this.#at = at + 4
  }

  /** Writes a text for which there is room and returns its length in bytes. */
  #shortText(value: string): number {
    const block = this.#block
    const at = this.#at
    const length = value.length
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i)
      if (code >= 0x80) return this.#longText(value, Buffer.byteLength(value))
      block[at + i] = code
    }
    this.#at = at + length
    return length
  }

  #longText(value: string, bytes: number): number {
    this.#room(bytes)
    this.#at += this.#block.write(value, this.#at, 'utf8')
    return bytes
  }

  #bytes(value: Uint8Array): void {
    const length = value.length
    if (length >= referenceBytesMin) {
      this.#cut()
      this.#done.push(value)
      this.#doneBytes += length
      return
    }
    this.#room(length)
    this.#block.set(value, this.#at)
    this.#at += length
  }

  /** Ends the chunk that is being written. */
  #cut(): void {
    if (this.#at === this.#start) return
    this.#done.push(this.#block.subarray(this.#start, this.#at))
    this.#doneBytes += this.#at - this.#start
    this.#start = this.#at
  }

  #room(length: number): void {
    if (this.#at + length > this.#block.length) this.#grow(length)
  }

  /** Moves the chunk that is being written to a block with room for it. */
  #grow(length: number): void {
    const written = this.#at - this.#start
    const block = Buffer.allocUnsafeSlow(Math.max(blockBytes, 2 * (written + length)))
    this.#block.copy(block, 0, this.#start, this.#at)
    this.#block = block
    this.#start = 0
    this.#at = written
  }
}

function textBytes(value: string): number {
  const bytes = Buffer.byteLength(value)
  if (bytes > stringBytesMax)
    throw new ProtocolError('BAD_LENGTH', `a string of ${bytes} bytes, at most ${stringBytesMax}`)
  return bytes
}

function totalBytes(pieces: readonly Uint8Array[]): number {
  let total = 0
  for (const piece of pieces) total += piece.length
  return total
}

function nullError(): ProtocolError {
  return new ProtocolError('NULL', 'null for a field that takes none at this version')
}

function outOfRange(type: string, value: unknown): ProtocolError {
  return new ProtocolError('OUT_OF_RANGE', `${String(value)} is no ${type}`)
}

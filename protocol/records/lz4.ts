// LZ4 as Kafka uses it: one LZ4 frame.
//
//   04 22 4d 18 | FLG | BD | [content size, 8] | header checksum | blocks ... | 00 00 00 00 | [content checksum, 4]
//   block: int32 little-endian length, its top bit set when stored as it is | data | [checksum, 4]
//
// The native decoder takes no limit, so the frame is measured first: walking the sequences of its blocks tells the
// exact size without decompressing anything.
import { compressFrameSync, decompressFrameSync } from 'lz4-napi'
import { RecordError } from './errors.ts'

const headerBytesMin = 7

export function lz4Compress(bytes: Uint8Array): Uint8Array {
  return compressFrameSync(asBuffer(bytes))
}

export function lz4Decompress(bytes: Uint8Array, bytesMax: number): Uint8Array {
  const size = measureFrame(bytes, bytesMax)
  const result = decompressFrameSync(asBuffer(bytes))
  if (result.length !== size) throw malformed(`gives ${result.length} bytes, and its blocks say ${size}`)
  return result
}

/** The decompressed size of a frame. Throws as soon as it is more than `bytesMax`. */
function measureFrame(bytes: Uint8Array, bytesMax: number): number {
  if (bytes.length < headerBytesMin || littleEndian(bytes, 0) !== 0x184d2204) throw malformed('has no frame header')
  const flags = bytes[4]!
  if (flags >> 6 !== 1) throw malformed('has an unknown version')
  if ((flags & 0x01) !== 0) throw malformed('needs a dictionary')
  const blockChecksumBytes = (flags & 0x10) === 0 ? 0 : 4
  const trailerBytes = (flags & 0x04) === 0 ? 0 : 4
  let at = headerBytesMin + ((flags & 0x08) === 0 ? 0 : 8)
  let size = 0
  for (;;) {
    if (at + 4 > bytes.length) throw malformed('ends without its end mark')
    const word = littleEndian(bytes, at)
    at += 4
    if (word === 0) {
      // The decoder would go on with what follows, unmeasured.
      if (at + trailerBytes !== bytes.length) throw malformed('does not end where its frame ends')
      return size
    }
    const end = at + (word & 0x7fffffff)
    if (end + blockChecksumBytes > bytes.length) throw malformed('ends within a block')
    size += word >>> 31 === 1 ? end - at : measureBlock(bytes, at, end, bytesMax - size)
    if (size > bytesMax)
      throw new RecordError('decompressed-too-large', `an lz4 batch holds more than ${bytesMax} bytes`)
    at = end + blockChecksumBytes
  }
}

/** A block is sequences of: token (two lengths of 4 bits, each continued in bytes), literals, offset of a match. */
function measureBlock(bytes: Uint8Array, at: number, end: number, bytesMax: number): number {
  let size = 0
  while (at < end && size <= bytesMax) {
    const token = bytes[at++]!
    let literals = token >> 4
    if (literals === 15) {
      for (let more = 255; more === 255 && at < end; ) literals += more = bytes[at++]!
    }
    at += literals
    size += literals
    if (at >= end) break // the last sequence has no match
    at += 2
    let match = (token & 0x0f) + 4
    if (match === 19) {
      for (let more = 255; more === 255 && at < end; ) match += more = bytes[at++]!
    }
    size += match
  }
  if (at > end) throw malformed('has a sequence past the end of its block')
  return size
}

function littleEndian(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24) | 0
}

function malformed(problem: string): RecordError {
  return new RecordError('compression-malformed', `an lz4 batch ${problem}`)
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

// Snappy as Kafka's Java client frames it, by the library snappy-java ("xerial"):
//
//   82 'S' 'N' 'A' 'P' 'P' 'Y' 00 | int32 version 1 | int32 readable since 1 | (int32 length | raw snappy block) ...
//
// librdkafka sends one raw snappy block without a frame, and Java reads that too: so do we.
import { compressSync, uncompressSync } from 'snappy'
import { RecordError } from './errors.ts'
import { getInt32, putInt32 } from './int.ts'

const magic = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00)
const frameHeaderBytes = 16

export function snappyCompress(bytes: Uint8Array): Uint8Array {
  const block = compressSync(bytes)
  const framed = new Uint8Array(frameHeaderBytes + 4 + block.length)
  framed.set(magic)
  putInt32(framed, 8, 1)
  putInt32(framed, 12, 1)
  putInt32(framed, frameHeaderBytes, block.length)
  framed.set(block, frameHeaderBytes + 4)
  return framed
}

export function snappyDecompress(bytes: Uint8Array, bytesMax: number): Uint8Array {
  if (!isFramed(bytes)) return decompressBlock(bytes, bytesMax)
  const blocks: Uint8Array[] = []
  let total = 0
  for (let at = frameHeaderBytes; at < bytes.length; ) {
    const length = at + 4 <= bytes.length ? getInt32(bytes, at) : -1
    if (length < 0 || length > bytes.length - at - 4) {
      throw new RecordError('compression-malformed', `a snappy block of ${length} bytes does not fit its frame`)
    }
    const block = decompressBlock(bytes.subarray(at + 4, at + 4 + length), bytesMax - total)
    total += block.length
    blocks.push(block)
    at += 4 + length
  }
  return blocks.length === 1 ? blocks[0]! : Buffer.concat(blocks, total)
}

function isFramed(bytes: Uint8Array): boolean {
  return bytes.length >= frameHeaderBytes && magic.every((byte, index) => bytes[index] === byte)
}

function decompressBlock(block: Uint8Array, bytesMax: number): Uint8Array {
  // The block opens with its decompressed length, which the library would allocate on its word.
  const length = claimedLength(block)
  if (length > bytesMax) throw new RecordError('decompressed-too-large', `a snappy batch holds ${length} bytes or more`)
  return uncompressSync(block, { asBuffer: true }) as Buffer
}

/** An unsigned varint of at most 32 bits. */
function claimedLength(block: Uint8Array): number {
  let length = 0
  for (let index = 0; index < 5; index++) {
    const byte = block[index]
    if (byte === undefined) break
    length += (byte & 0x7f) * 128 ** index
    if (byte < 0x80) return length
  }
  throw new RecordError('compression-malformed', 'a snappy block does not say its length')
}

// The five compressions of record batches: one table, synchronous, native, and bounded when decompressing.
//
// Synchronous, because nothing on a simulated path may use a thread pool (design.md, decision 5). Bounded, because a
// few hundred kilobytes can hold gigabytes of zeros: the caller says how much it is ready to hold.
import * as zlib from 'node:zlib'
import { RecordError } from './errors.ts'
import { compressionBits } from './header.ts'
import { lz4Compress, lz4Decompress } from './lz4.ts'
import { snappyCompress, snappyDecompress } from './snappy.ts'

interface Codec {
  /** In the attributes of a batch. */
  readonly id: number
  compress(bytes: Uint8Array): Uint8Array
  /** Throws when the result would be longer than `bytesMax`. */
  decompress(bytes: Uint8Array, bytesMax: number): Uint8Array
}

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

const codecs: Record<Compression, Codec> = {
  none: { id: 0, compress: (bytes) => bytes, decompress: (bytes) => bytes },
  gzip: {
    id: 1,
    compress: (bytes) => zlib.gzipSync(bytes),
    decompress: (bytes, bytesMax) => zlib.gunzipSync(bytes, { maxOutputLength: bytesMax }),
  },
  snappy: { id: 2, compress: snappyCompress, decompress: snappyDecompress },
  lz4: { id: 3, compress: lz4Compress, decompress: lz4Decompress },
  zstd: {
    id: 4,
    compress: (bytes) => zstd().zstdCompressSync(bytes),
    decompress: (bytes, bytesMax) => zstd().zstdDecompressSync(bytes, { maxOutputLength: bytesMax }),
  },
}

export const compressions = Object.keys(codecs) as readonly Compression[]

/** What a receiver is ready to hold of one decompressed batch, unless it says otherwise. */
export const decompressedBytesMaxDefault = 64 * 1024 * 1024

/** The compression that a batch's attributes name. Throws a RecordError for an id that Kafka does not have. */
export function compressionOf(attributes: number): Compression {
  const compression = compressions[attributes & compressionBits]
  if (compression === undefined) {
    throw new RecordError('compression-unknown', `a batch names compression ${attributes & compressionBits}`)
  }
  return compression
}

export function compressionId(compression: Compression): number {
  return codecs[compression].id
}

/** Compresses. Throws a RecordError where this Node lacks the compression (zstd before 22.15). */
export function compress(compression: Compression, bytes: Uint8Array): Uint8Array {
  return codecs[compression].compress(bytes)
}

/** Decompresses to at most `bytesMax` bytes. Throws a RecordError when it is more, malformed, or not to be had here. */
export function decompress(
  compression: Compression,
  bytes: Uint8Array,
  bytesMax: number = decompressedBytesMaxDefault,
): Uint8Array {
  try {
    return codecs[compression].decompress(bytes, bytesMax)
  } catch (error) {
    if (error instanceof RecordError) throw error
    if (error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') {
      throw new RecordError('decompressed-too-large', `a ${compression} batch holds more than ${bytesMax} bytes`, error)
    }
    throw new RecordError('compression-malformed', `a ${compression} batch cannot be decompressed`, error)
  }
}

/** Services may run the SDK on Node 20, which has no zstd. */
function zstd(): typeof zlib {
  if (typeof zlib.zstdCompressSync === 'function') return zlib
  throw new RecordError('compression-unavailable', `zstd needs Node 22.15 or newer, this is ${process.version}`)
}

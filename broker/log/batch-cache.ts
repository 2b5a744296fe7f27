// Recent batches of all logs, in memory: what consumers that keep up read. One budget for the broker, first in first out.
//
//   slab (filled by a connection)  |frame header|batch|frame header|batch   |...        large batches stay where they are:
//                                               └── kept ──┘   └─ kept ─┘              the cache retains the slab
//   arena (a slab of the cache)    |batch|batch|batch|...                              small ones are copied together
//
// The budget counts whole slabs, for that is what a kept batch pins, and a constant per batch for the bookkeeping.
// A small batch that is alone in its slab would pin a hundred times its size; so small ones are copied, which costs less than
// a microsecond.
import type { Slab, SlabPool } from '@castellan/protocol'
import { Fifo } from '@castellan/protocol'

/** Copying up to here costs little beside the rest of a request. */
const copyBytesMax = 8 * 1024
/** Memory of the objects that stand for one batch, about. */
const batchOverheadBytes = 200

interface Batch {
  readonly log: CachedLog
  readonly bytes: Uint8Array
  readonly slab: Slab | null
  readonly baseOffset: number
  readonly endOffset: number
}

export interface CachedRead {
  readonly chunks: Uint8Array[]
  readonly bytes: number
  /** Lets go of the slabs; exactly once. */
  release(): void
}

export class BatchCache {
  readonly #bytesMax: number
  readonly #pool: SlabPool
  readonly #batches = new Fifo<Batch>()
  /** How many batches pin a slab. */
  readonly #pinned = new Map<Slab, number>()
  #bytes = 0
  #arena: { readonly slab: Slab; used: number } | undefined

  constructor(options: { bytesMax: number; pool: SlabPool }) {
    this.#bytesMax = options.bytesMax
    this.#pool = options.pool
  }

  /** Memory held, about. */
  get bytes(): number {
    return this.#bytes
  }

  /** The part of one log. */
  open(endOffset: number): CachedLog {
    return new CachedLog(this, endOffset)
  }

  /** Only for CachedLog. */
  keep(log: CachedLog, bytes: Uint8Array, slab: Slab | null, baseOffset: number, endOffset: number): Batch {
    const copied = slab !== null && bytes.length <= copyBytesMax ? this.#copy(bytes) : undefined
    const batch: Batch = { log, bytes: copied?.bytes ?? bytes, slab: copied?.slab ?? slab, baseOffset, endOffset }
    this.#bytes += batchOverheadBytes
    if (batch.slab === null) this.#bytes += bytes.length
    else this.#pin(batch.slab)
    this.#batches.push(batch)
    return batch
  }

  /** Drops the oldest batches until the budget holds. */
  trim(): void {
    while (this.#bytes > this.#bytesMax) {
      const oldest = this.#batches.shift()
      if (oldest === undefined) return
      oldest.log.dropFirst(oldest)
      this.#bytes -= batchOverheadBytes
      if (oldest.slab === null) this.#bytes -= oldest.bytes.length
      else this.#unpin(oldest.slab)
    }
  }

  close(): void {
    for (let batch = this.#batches.shift(); batch !== undefined; batch = this.#batches.shift()) {
      batch.log.dropFirst(batch)
      if (batch.slab !== null) this.#unpin(batch.slab)
    }
    if (this.#arena !== undefined) this.#unpin(this.#arena.slab)
    this.#arena = undefined
    this.#bytes = 0
  }

  #pin(slab: Slab): void {
    const count = this.#pinned.get(slab)
    this.#pinned.set(slab, (count ?? 0) + 1)
    slab.retain()
    if (count === undefined) this.#bytes += slab.bytes.length
  }

  #unpin(slab: Slab): void {
    const count = this.#pinned.get(slab)! - 1
    if (count > 0) {
      this.#pinned.set(slab, count)
    } else {
      this.#pinned.delete(slab)
      this.#bytes -= slab.bytes.length
    }
    slab.release()
  }

  #copy(bytes: Uint8Array): { bytes: Uint8Array; slab: Slab } {
    let arena = this.#arena
    if (arena === undefined || arena.used + bytes.length > arena.slab.bytes.length) {
      if (arena !== undefined) this.#unpin(arena.slab)
      const slab = this.#pool.take()
      arena = this.#arena = { slab, used: 0 }
      this.#pin(slab)
      // The pin holds it now.
      slab.release()
    }
    const start = arena.used
    arena.used += bytes.length
    arena.slab.bytes.set(bytes, start)
    return { bytes: arena.slab.bytes.subarray(start, arena.used), slab: arena.slab }
  }
}

/** The cached end of one log: all its batches from `startOffset` on. */
export class CachedLog {
  readonly #cache: BatchCache
  #batches = new Fifo<Batch>()
  #endOffset: number

  constructor(cache: BatchCache, endOffset: number) {
    this.#cache = cache
    this.#endOffset = endOffset
  }

  /** Offsets from here on are in memory; the log's end: none is. */
  get startOffset(): number {
    return this.#batches.at(0)?.baseOffset ?? this.#endOffset
  }

  /** Appends a written batch. The cache retains `slab` (null: the bytes are a gift) or copies the bytes. Call `trim` of the cache when done. */
  add(bytes: Uint8Array, slab: Slab | null, baseOffset: number, endOffset: number): void {
    this.#batches.push(this.#cache.keep(this, bytes, slab, baseOffset, endOffset))
    this.#endOffset = endOffset
  }

  /** Whole batches from the one that holds `offset` (not below `startOffset`), ending at or below `limitOffset`; at least one, if there is one. */
  read(offset: number, maxBytes: number, limitOffset: number): CachedRead {
    const chunks: Uint8Array[] = []
    const slabs: Slab[] = []
    let bytes = 0
    for (let index = this.#find(offset); ; index++) {
      const batch = this.#batches.at(index)
      if (batch === undefined || batch.endOffset > limitOffset) break
      if (bytes > 0 && bytes + batch.bytes.length > maxBytes) break
      bytes += batch.bytes.length
      push(chunks, batch.bytes)
      if (batch.slab !== null && slabs.at(-1) !== batch.slab) {
        batch.slab.retain()
        slabs.push(batch.slab)
      }
    }
    return { chunks, bytes, release: () => slabs.forEach((slab) => void slab.release()) }
  }

  /** Only for the cache, which drops its oldest batch. */
  dropFirst(batch: Batch): void {
    // A log that was cleared has let go of it already.
    if (this.#batches.at(0) === batch) this.#batches.shift()
  }

  /** The log ends at `endOffset` now, and none of it is in memory: that of its batches goes when their turn comes. */
  clear(endOffset: number): void {
    this.#batches = new Fifo()
    this.#endOffset = endOffset
  }

  #find(offset: number): number {
    let low = 0
    let high = this.#batches.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#batches.at(middle)!.endOffset <= offset) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Batches that stand side by side in memory (in an arena) leave as one chunk: fewer buffers to send. */
function push(chunks: Uint8Array[], bytes: Uint8Array): void {
  const last = chunks.at(-1)
  if (last !== undefined && last.buffer === bytes.buffer && last.byteOffset + last.length === bytes.byteOffset) {
    chunks[chunks.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.length + bytes.length)
  } else {
    chunks.push(bytes)
  }
}

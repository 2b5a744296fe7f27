// Cuts what a connection delivers into frames, where it was delivered:
//
//   slab  [ .. done .. | length | frame | length | fra            ]
//                      ^ #start                       ^ #end: the network writes here next
//
// Frames are never copied, with one exception: one that was begun near the end of a slab, and does not fit, moves to
// the next. The length is checked before anything is allocated for it, and a frame much larger than a slab gets its
// memory step by step as its bytes come, so that a stranger's claim alone costs nothing.
//
// A connection begins with a small slab, and takes a whole one when it has more to say. One that is idle keeps what it
// has, unless memory is short; then it goes back to a small one.
import { ProtocolError } from '../schema/index.ts'
import { type PooledSlab, type Slab, type SlabPool, smallSlabBytes } from './slab.ts'

export interface Frame {
  readonly slab: Slab
  /** The frame without its length: [start, end) of the slab's bytes. */
  readonly start: number
  readonly end: number
}

export interface FrameReaderOptions {
  /** Longer frames are an error. */
  readonly maxFrameBytes: number
  /** The reader holds the slab during the call; whoever keeps bytes longer retains it. */
  readonly onFrame: (frame: Frame) => void
  /** The connection cannot go on. Called once, and nothing after it. */
  readonly onError: (error: ProtocolError) => void
}

const lengthBytes = 4
/** How much larger a slab gets at a time, for a frame that is larger than the pool's slabs. */
const growth = 4

export class FrameReader {
  readonly #pool: SlabPool
  readonly #options: FrameReaderOptions
  #slab: PooledSlab | null = null
  #start = 0
  #end = 0
  #isClosed = false

  constructor(pool: SlabPool, options: FrameReaderOptions) {
    this.#pool = pool
    this.#options = options
  }

  /** Where the next bytes go; never empty. */
  readBuffer(): Uint8Array {
    if (this.#isClosed) return Buffer.allocUnsafe(1) // whatever still arrives is dropped
    this.#slab ??= this.#pool.takeSmall()
    return this.#slab.bytes.subarray(this.#end)
  }

  /** `length` bytes have been written to the start of the last `readBuffer`. */
  onRead(length: number): void {
    const slab = this.#slab
    if (slab === null) return
    this.#end += length
    slab.retain() // also when a frame makes somebody close this reader
    try {
      this.#cut(slab)
    } finally {
      slab.release()
    }
    if (this.#slab === null) return
    if (this.#start === this.#end) this.#settle(slab)
    else this.#makeRoom(slab)
  }

  /** Gives the slab back. Frames that others retained live on. */
  close(): void {
    this.#isClosed = true
    this.#slab?.release()
    this.#slab = null
  }

  /** Shows every whole frame. */
  #cut(slab: PooledSlab): void {
    while (this.#end - this.#start >= lengthBytes) {
      const length = slab.bytes.readInt32BE(this.#start)
      if (length < 0 || length > this.#options.maxFrameBytes) return this.#fail(length)
      const start = this.#start + lengthBytes
      const end = start + length
      if (end > this.#end) return
      this.#start = end
      this.#options.onFrame({ slab, start, end })
      if (this.#slab === null) return
    }
  }

  /** Nothing is half read: goes on at the slab's beginning, behind what others still hold, or in another slab. */
  #settle(slab: PooledSlab): void {
    const size = slab.bytes.length
    const isSmall = size === smallSlabBytes
    const isFull = size - this.#end < size / 16
    // A small one filled to the brim means that more is waiting; a very large one was for one frame.
    const wantsSmall = this.#pool.isCrowded || (isSmall ? this.#end < size : size > this.#pool.slabBytes)
    if (wantsSmall === isSmall && slab.isShared && !isFull) return
    if (wantsSmall !== isSmall || slab.isShared) {
      slab.release()
      this.#slab = wantsSmall ? this.#pool.takeSmall() : this.#pool.take()
    }
    this.#start = 0
    this.#end = 0
  }

  /** A frame has begun: lets it grow where it is if it fits there, moves it if not. */
  #makeRoom(slab: PooledSlab): void {
    const size = slab.bytes.length
    const begun = this.#end - this.#start
    const wanted = lengthBytes + (begun < lengthBytes ? 0 : slab.bytes.readInt32BE(this.#start))
    if (this.#start + wanted <= size) return
    if (size > this.#pool.slabBytes && this.#end < size) return // on its way to be very large: first fill this
    if (wanted <= size && !slab.isShared) {
      slab.bytes.copyWithin(0, this.#start, this.#end)
    } else {
      this.#slab = this.#pool.take(Math.min(wanted, Math.max(this.#pool.slabBytes, begun) * growth))
      slab.bytes.copy(this.#slab.bytes, 0, this.#start, this.#end)
      slab.release()
    }
    this.#start = 0
    this.#end = begun
  }

  #fail(length: number): void {
    const max = this.#options.maxFrameBytes
    const what = length < 0 ? `a frame of length ${length}` : `a frame of ${length} bytes, at most ${max} are taken`
    this.close()
    this.#options.onError(new ProtocolError(length < 0 ? 'BAD_LENGTH' : 'FRAME_TOO_LARGE', what))
  }
}

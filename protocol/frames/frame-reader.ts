// Cuts what a connection delivers into frames, where it was delivered:
//
//   slab  [ .. done .. | length | frame | length | fra            ]
//                      ^ #start                       ^ #end: the network writes here next, up to #limit
//
// Frames are never copied, with one exception: one that was begun near the end of a slab, and does not fit, moves to
// the next. The length is checked before anything is allocated for it, and a frame much larger than a slab gets its
// memory step by step as its bytes come, so that a stranger's claim alone costs nothing.
//
// A connection begins with a small slab, and takes a whole one when it has more to say. One that is idle keeps what it
// has, unless memory is short; then it goes back to a small one.
//
// Where memory has a bound (FrameMemory), a frame that does not fit needs a claim on all it will take before more of it
// is read: whoever has begun can end, so readers never wait for each other in a circle. Until then the reader waits:
//
//   reading --no claim to be had--> waiting (nothing may be read) --its claim, or its own requests are done--> reading
import { ProtocolError } from '../schema/index.ts'
import { type FrameMemory, type FrameWait, unboundedMemory } from './frame-memory.ts'
import { type Claim, type PooledSlab, type RequestSlab, type SlabPool, smallSlabBytes } from './slab.ts'

export interface Frame {
  readonly slab: RequestSlab
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
  /** The bound on memory; none when not given. */
  readonly memory?: FrameMemory
  /** With a bound: nothing may be read from now on, until `onReady`; that comes in a later turn. */
  readonly onWait?: () => void
  readonly onReady?: () => void
}

const lengthBytes = 4
/** What tells how much memory a frame needs, and for what: its length, and its API key. */
const headBytes = 6
/** How much larger a slab gets at a time, for a frame that is larger than the pool's slabs. */
const growth = 4

export class FrameReader {
  readonly #pool: SlabPool
  readonly #memory: FrameMemory
  readonly #options: FrameReaderOptions
  #slab: PooledSlab | null = null
  #start = 0
  #end = 0
  /** A large slab is for one frame: up to its end. */
  #limit = 0
  /** For the frame that was begun, until it is in a slab that holds all of it. */
  #claim: Claim | null = null
  #wait: FrameWait | null = null
  #isClosed = false

  constructor(pool: SlabPool, options: FrameReaderOptions) {
    this.#pool = pool
    this.#memory = options.memory ?? unboundedMemory(pool)
    this.#options = options
  }

  /** Waits for memory. */
  get isWaiting(): boolean {
    return this.#wait !== null
  }

  /** The claim that a frame holds which has not come whole yet. */
  get halfReadClaim(): Claim | null {
    return this.#end > this.#start ? (this.#claim ?? this.#slab?.claim ?? null) : null
  }

  /** Where the next bytes go; never empty. */
  readBuffer(): Uint8Array {
    if (this.#isClosed) return Buffer.allocUnsafe(1) // whatever still arrives is dropped
    const slab = this.#slab ?? this.#use(this.#pool.takeSmall(), 0)
    return slab.bytes.subarray(this.#end, this.#limit)
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

  /** One of this connection's requests is done: if it waits for memory, this may be enough. */
  retry(): void {
    const slab = this.#slab
    if (this.#wait === null || slab === null || slab.hasRequests) return
    if (this.#wantedBytes(slab) > slab.bytes.length) return
    this.#wait.cancel()
    this.#wait = null
    this.#restart(slab)
    this.#options.onReady?.()
  }

  /** Gives the slab back. Frames that others retained live on. */
  close(): void {
    this.#isClosed = true
    this.#wait?.cancel()
    this.#wait = null
    this.#claim?.giveBack()
    this.#claim = null
    if (this.#slab !== null) this.#leave(this.#slab)
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
    const wantsSmall = this.#memory.isCrowded || (isSmall ? this.#end < size : size > this.#pool.slabBytes)
    if (wantsSmall === isSmall && (!slab.isShared || !isFull)) {
      if (!slab.isShared) this.#restart(slab)
      return
    }
    if (!wantsSmall) {
      if (!isSmall && !slab.hasRequests) return this.#restart(slab)
      const claim = this.#memory.claim(this.#pool.slabBytes, null)
      if (claim !== null) return this.#moveTo(this.#pool.take(), slab, claim)
    }
    if (!isSmall) return this.#moveTo(this.#pool.takeSmall(), slab)
    if (!slab.hasRequests) return this.#restart(slab)
    if (isFull) this.#makeRoomInSmall(slab)
  }

  /** A frame has begun: lets it grow where it is if it fits there, moves it if not. */
  #makeRoom(slab: PooledSlab): void {
    const size = slab.bytes.length
    const wanted = this.#wantedBytes(slab)
    if (this.#start + wanted <= size) return
    if (size > this.#pool.slabBytes && this.#end < this.#limit) return // on its way to be very large: first fill this
    if (this.#claim !== null) return this.#grow(slab, this.#claim)
    if (wanted <= size && !slab.hasRequests) return this.#restart(slab)
    const claimBytes = this.#pool.sizeFor(wanted)
    const apiKey = this.#end - this.#start < headBytes ? null : slab.bytes.readInt16BE(this.#start + lengthBytes)
    const claim = this.#memory.claim(claimBytes, apiKey)
    if (claim !== null) return this.#grow(slab, claim)
    // What it has may be all that others wait for.
    const isSmall = size === smallSlabBytes
    if (!isSmall && this.#end - this.#start <= smallSlabBytes) this.#moveTo(this.#pool.takeSmall(), slab)
    if (wanted > smallSlabBytes) return this.#startWait(claimBytes, apiKey, (claim) => this.#grow(this.#slab!, claim))
    if (isSmall) this.#makeRoomInSmall(slab)
  }

  /** The connection's small slab is full of its requests: another, when there is a claim for this one. */
  #makeRoomInSmall(slab: PooledSlab): void {
    const moveOn = (claim: Claim) => {
      slab.holdClaim(claim)
      this.#moveTo(this.#pool.takeSmall(), slab)
    }
    const claim = this.#memory.claim(smallSlabBytes, null)
    if (claim !== null) moveOn(claim)
    else this.#startWait(smallSlabBytes, null, moveOn)
  }

  #startWait(bytes: number, apiKey: number | null, onClaim: (claim: Claim) => void): void {
    this.#wait = this.#memory.wait(bytes, apiKey, (claim) => {
      this.#wait = null
      onClaim(claim)
      this.#options.onReady?.()
    })
    this.#options.onWait?.()
  }

  /** The next step of a frame's memory, which `claim` covers. */
  #grow(slab: PooledSlab, claim: Claim): void {
    const wanted = this.#wantedBytes(slab)
    const step = Math.max(this.#pool.slabBytes, this.#end - this.#start) * growth
    const next = this.#pool.take(Math.min(wanted, step))
    const isLast = next.bytes.length >= wanted
    this.#claim = isLast ? null : claim
    this.#moveTo(next, slab, isLast ? claim : null)
    if (isLast && next.bytes.length > this.#pool.slabBytes) this.#limit = wanted
  }

  /** None of this connection's requests is in its slab: what was begun moves to its beginning, or to that of another in its stead. */
  #restart(slab: PooledSlab): void {
    const begun = this.#end - this.#start
    if (slab.isShared) {
      const isSmall = slab.bytes.length === smallSlabBytes
      return this.#moveTo(isSmall ? this.#pool.takeSmall() : this.#pool.take(), slab, slab.takeClaim())
    }
    if (begun > 0) slab.bytes.copyWithin(0, this.#start, this.#end)
    this.#use(slab, begun)
  }

  #moveTo(next: PooledSlab, slab: PooledSlab, claim: Claim | null = null): void {
    const begun = slab.bytes.copy(next.bytes, 0, this.#start, this.#end)
    if (claim !== null) next.holdClaim(claim)
    this.#use(next, begun)
    this.#leave(slab)
  }

  #use(slab: PooledSlab, begun: number): PooledSlab {
    this.#slab = slab
    this.#start = 0
    this.#end = begun
    this.#limit = slab.bytes.length
    return slab
  }

  /** Its small slab is a connection's own and not counted; left to requests, it is. */
  #leave(slab: PooledSlab): void {
    if (slab.bytes.length === smallSlabBytes && slab.hasRequests && slab.claim === null)
      slab.holdClaim(this.#memory.insist(smallSlabBytes))
    slab.endRequest()
  }

  /** As much as is known of the frame that was begun, with its length. */
  #wantedBytes(slab: PooledSlab): number {
    return this.#end - this.#start < headBytes ? headBytes : lengthBytes + slab.bytes.readInt32BE(this.#start)
  }

  #fail(length: number): void {
    const max = this.#options.maxFrameBytes
    const what = length < 0 ? `a frame of length ${length}` : `a frame of ${length} bytes, at most ${max} are taken`
    this.close()
    this.#options.onError(new ProtocolError(length < 0 ? 'BAD_LENGTH' : 'FRAME_TOO_LARGE', what))
  }
}

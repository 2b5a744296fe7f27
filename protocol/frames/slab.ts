// Memory that the network writes into and everyone else reads in place. A slab may be used again only when nothing
// points into it: too early, and a batch on its way to the disk turns into the next request. So references are
// counted, and a count that goes wrong stops the process instead of the data.
//
// Who holds a slab for the sake of requests is counted apart: the connection that reads into it, and the requests in it
// that are worked on. As long as there is one, the slab's claim on the memory for requests stands; whoever else keeps
// bytes of it (a cache, answers made of it) has a budget of his own.
import assert from 'node:assert/strict'

export interface Slab {
  readonly bytes: Uint8Array
  /** For whoever keeps bytes of it beyond the call that showed them. */
  retain(): void
  /** Once for each `retain`; at zero references the memory goes back to its pool. */
  release(): void
}

/** A slab that requests are read into. */
export interface RequestSlab extends Slab {
  /** Like `retain` and `release`, by a request that is worked on. */
  beginRequest(): void
  endRequest(): void
}

/** A share of a bounded memory; given back exactly once. */
export interface Claim {
  giveBack(): void
}

export interface SlabPoolOptions {
  /** The usual size of a slab; larger ones are made for larger frames. */
  readonly slabBytes: number
  /** How much unused memory the pool keeps; also how much may be in use before idle connections give theirs back. */
  readonly keepBytesMax: number
  /** For tests: overwrites what comes back, so that a reader who comes too late is found out. */
  readonly poison?: boolean
}

/** What a connection reads into until it has more to say. */
export const smallSlabBytes = 4 * 1024

export class SlabPool {
  readonly slabBytes: number
  readonly #keepBytesMax: number
  readonly #poison: boolean
  /** Unused memory by its size. */
  readonly #free = new Map<number, Buffer[]>()
  #freeBytes = 0
  #usedBytes = 0

  constructor(options: SlabPoolOptions) {
    assert(options.slabBytes > smallSlabBytes, `slabBytes must be above ${smallSlabBytes}`)
    this.slabBytes = options.slabBytes
    this.#keepBytesMax = options.keepBytesMax
    this.#poison = options.poison ?? false
  }

  /** Bytes of slabs that somebody holds. */
  get usedBytes(): number {
    return this.#usedBytes
  }

  /** More is in use than the pool would keep. */
  get isCrowded(): boolean {
    return this.#usedBytes > this.#keepBytesMax
  }

  /**
   * A slab of the usual size, or one of at least `minBytes` when that is more: of double that size and so on, so that
   * it is used again (fresh pages cost), or of just `minBytes` when it is too large to be kept. The caller holds one reference.
   */
  take(minBytes = 0): PooledSlab {
    return this.#lend(this.sizeFor(minBytes))
  }

  /** The size of the slab that `take` lends. */
  sizeFor(minBytes: number): number {
    let size = this.slabBytes
    while (size < minBytes) size *= 2
    return size > this.slabBytes && size * 4 > this.#keepBytesMax ? minBytes : size
  }

  takeSmall(): PooledSlab {
    return this.#lend(smallSlabBytes)
  }

  #lend(size: number): PooledSlab {
    let bytes = this.#free.get(size)?.pop()
    if (bytes === undefined) bytes = Buffer.allocUnsafeSlow(size)
    else this.#freeBytes -= size
    this.#usedBytes += size
    return new PooledSlab(bytes, this.#takeBack)
  }

  readonly #takeBack = (bytes: Buffer): void => {
    const size = bytes.length
    this.#usedBytes -= size
    if (this.#poison) bytes.fill(0xdb)
    // Sizes that come once only are not kept: see `sizeFor`.
    const isUsual = size <= this.slabBytes || size * 4 <= this.#keepBytesMax
    if (!isUsual || this.#freeBytes + size > this.#keepBytesMax) return free(bytes)
    const list = this.#free.get(size)
    if (list !== undefined) list.push(bytes)
    else this.#free.set(size, [bytes])
    this.#freeBytes += size
  }
}

/**
 * Gives memory back to the system now. The collector would as well, but after a burst there may be nothing that makes
 * it run, for hours. Node 20, which only the SDK runs on, cannot: there it is left to the collector.
 */
function free({ buffer }: Buffer): void {
  const own: ArrayBufferLike & { transfer?: (byteLength: number) => unknown } = buffer
  own.transfer?.(0)
}

/** Its memory is used again, the object is not: a late `release` cannot hit the next owner. */
export class PooledSlab implements RequestSlab {
  readonly bytes: Buffer
  readonly #takeBack: (bytes: Buffer) => void
  #references = 1
  /** Those of them that are for requests; the one who took it may be the first. */
  #requests = 1
  #claim: Claim | null = null

  constructor(bytes: Buffer, takeBack: (bytes: Buffer) => void) {
    this.bytes = bytes
    this.#takeBack = takeBack
  }

  retain(): void {
    assert(this.#references > 0, 'a slab was retained after its last release')
    this.#references++
  }

  release(): void {
    assert(this.#references > 0, 'a slab was released more often than it was retained')
    if (--this.#references === 0) this.#takeBack(this.bytes)
  }

  beginRequest(): void {
    this.#requests++
    this.retain()
  }

  endRequest(): void {
    assert(this.#requests > 0, 'a slab was left by more requests than were begun in it')
    if (--this.#requests === 0) {
      this.#claim?.giveBack()
      this.#claim = null
    }
    this.release()
  }

  /** Gives `claim` back when no request is worked on in this slab any more. */
  holdClaim(claim: Claim): void {
    assert(this.#claim === null && this.#requests > 0, 'a slab has one claim, while requests use it')
    this.#claim = claim
  }

  get claim(): Claim | null {
    return this.#claim
  }

  /** For another slab, in this one's stead. */
  takeClaim(): Claim | null {
    const claim = this.#claim
    this.#claim = null
    return claim
  }

  /** Whether requests besides the one who took it use it. */
  get hasRequests(): boolean {
    return this.#requests > 1
  }

  /** Whether somebody besides the one who took it holds it. */
  get isShared(): boolean {
    return this.#references > 1
  }
}

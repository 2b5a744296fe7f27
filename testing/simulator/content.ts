// What one file holds: its bytes, and how to undo each write since the last sync, for a power loss takes those.
//
//   synced ........ | kept by a power loss | torn | lost            writes reach the disk in order
import type { SeededRandom } from './random.ts'

/** What one write since the last sync replaced. */
interface Unsynced {
  readonly position: number
  readonly before: Uint8Array
  readonly sizeBefore: number
  readonly length: number
}

export class Content {
  bytes = new Uint8Array(0)
  size = 0
  unsynced: Unsynced[] = []

  write(buffers: readonly Uint8Array[], position: number): void {
    const length = bytesOf(buffers)
    const end = position + length
    this.#remember(position, length)
    if (end > this.bytes.length) this.#grow(end)
    let at = position
    for (const buffer of buffers) {
      this.bytes.set(buffer, at)
      at += buffer.length
    }
    this.size = Math.max(this.size, end)
  }

  truncate(size: number): void {
    this.#remember(Math.min(size, this.size), Math.abs(this.size - size))
    if (size > this.bytes.length) this.#grow(size)
    this.bytes.fill(0, Math.min(size, this.size), Math.max(size, this.size))
    this.size = size
  }

  /** Undoes unsynced writes from the newest on until some are left, then may tear the last of those. True: something was lost. */
  losePower(random: SeededRandom): boolean {
    const keep = random.between(0, this.unsynced.length + 1)
    const isWhole = keep === this.unsynced.length
    while (this.unsynced.length > keep) this.#undo(this.unsynced.pop()!)
    const isTorn = this.#tear(random)
    this.unsynced = []
    return !isWhole || isTorn
  }

  /** A write that only extended the file may be torn: its first part stands; of the rest nothing, or a length of zeros. */
  #tear(random: SeededRandom): boolean {
    const last = this.unsynced.at(-1)
    if (last === undefined || last.length === 0) return false
    const hasExtended = last.position === last.sizeBefore && this.size === last.sizeBefore + last.length
    if (!hasExtended || random.chance(0.5)) return false
    const size = last.sizeBefore + random.between(0, last.length)
    this.bytes.fill(0, size, this.size)
    if (random.chance(0.7)) this.size = size
    return true
  }

  #remember(position: number, length: number): void {
    const end = Math.min(position + length, this.size)
    const before = position < end ? this.bytes.slice(position, end) : new Uint8Array(0)
    this.unsynced.push({ position, before, sizeBefore: this.size, length })
  }

  #undo(write: Unsynced): void {
    this.bytes.fill(0, write.sizeBefore, Math.max(this.size, write.sizeBefore))
    this.bytes.set(write.before, write.position)
    this.size = write.sizeBefore
  }

  #grow(needed: number): void {
    const bytes = new Uint8Array(Math.max(needed, this.bytes.length * 2, 4096))
    bytes.set(this.bytes)
    this.bytes = bytes
  }
}

export function bytesOf(buffers: readonly Uint8Array[]): number {
  let length = 0
  for (const buffer of buffers) length += buffer.length
  return length
}

/** The first `length` bytes of what the buffers hold. */
export function firstOf(buffers: readonly Uint8Array[], length: number): Uint8Array[] {
  const first: Uint8Array[] = []
  let left = length
  for (const buffer of buffers) {
    if (left <= 0) break
    first.push(buffer.subarray(0, left))
    left -= buffer.length
  }
  return first
}

/** What the buffers hold behind their first `length` bytes. */
export function behind(buffers: readonly Uint8Array[], length: number): Uint8Array[] {
  let skip = length
  return buffers.map((buffer) => {
    const rest = buffer.subarray(Math.min(skip, buffer.length))
    skip = Math.max(0, skip - buffer.length)
    return rest
  })
}

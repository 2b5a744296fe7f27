// What stands on a simulated machine's disk. It outlives the processes that use it, and this is what befalls it: a power loss takes
// what was not synced, a bit flips, bytes turn into zeros, a file is cut short, there is no room left, all of it is gone.
//
// Model: appends reach the disk in order, so a power loss leaves a prefix of what was not synced, perhaps torn in the middle of a write;
// names (made, renamed, removed) are journalled in order and durable with the next sync.
import type { Disk } from '@castellan/protocol/runtime'
import { Content } from './content.ts'
import { type DiskHost, SimDisk } from './disk.ts'
import type { SeededRandom } from './random.ts'

/** What is wrong in a file: a bit was flipped, bytes read as zeros, or the file ends too early. */
export interface Flaw {
  readonly path: string
  readonly position: number
  /** The file is still there, and this in it. */
  isThere(): boolean
}

export class Platters {
  readonly files = new Map<string, Content>()
  readonly folders = new Set<string>(['/'])
  /** How to undo each change of names since the last sync, oldest first. */
  journal: (() => void)[] = []
  /** Bytes by which files may still grow before ENOSPC. */
  freeBytes = Number.POSITIVE_INFINITY
  /** Writes that ended with ENOSPC. */
  refusals = 0

  /** Writes that a power loss may still take. */
  get unsyncedWrites(): number {
    let count = 0
    for (const content of this.files.values()) count += content.unsynced.length
    return count
  }

  /** The power goes: a prefix of the unsynced writes of each file stays, the same of the journal of names. Returns what was lost. */
  losePower(random: SeededRandom): { writes: number; names: number } {
    const keep = random.between(0, this.journal.length + 1)
    const names = this.journal.length - keep
    while (this.journal.length > keep) this.journal.pop()!()
    this.journal = []
    let writes = 0
    for (const content of this.files.values()) {
      if (content.unsynced.length > 0 && content.losePower(random)) writes += 1
    }
    return { writes, names }
  }

  /** Another disk is in its place. */
  clear(): void {
    this.files.clear()
    this.folders.clear()
    this.folders.add('/')
    this.journal = []
  }

  /** Flips one bit of a file that `isMeant`, each bit of theirs as likely; null: there is none. */
  flip(random: SeededRandom, isMeant: (path: string) => boolean): Flaw | null {
    const meant = [...this.files].filter(([path, { size }]) => size > 0 && isMeant(path))
    let at = random.between(
      0,
      meant.reduce((sum, [, { size }]) => sum + size, 0),
    )
    for (const [path, content] of meant) {
      if (at >= content.size) {
        at -= content.size
        continue
      }
      return this.#wrong(path, at, new Uint8Array([content.bytes[at]! ^ (1 << random.between(0, 8))]))
    }
    return null
  }

  /** So many bytes read as zeros, at most to the file's end. */
  zero(path: string, position: number, length: number): Flaw {
    const { size } = this.files.get(path)!
    return this.#wrong(path, position, new Uint8Array(Math.min(length, size - position)))
  }

  /** The file ends there. */
  cut(path: string, position: number): Flaw {
    const content = this.files.get(path)!
    content.truncate(position)
    content.unsynced = []
    return { path, position, isThere: () => this.files.get(path) === content && content.size <= position }
  }

  #wrong(path: string, position: number, bytes: Uint8Array): Flaw {
    const content = this.files.get(path)!
    const right = content.bytes.slice(position, position + bytes.length)
    content.bytes.set(bytes, position)
    // A part of it may have been cut off, and written anew.
    const isThere = () => {
      if (this.files.get(path) !== content) return false
      const found = content.bytes.subarray(position, Math.min(position + bytes.length, content.size))
      return found.some((byte, i) => byte === bytes[i] && byte !== right[i])
    }
    return { path, position, isThere }
  }

  /** One process's view, which ends with the process. */
  mount(host: DiskHost): Disk {
    return new SimDisk(this, host)
  }

  make(path: string): Content {
    const content = new Content()
    this.files.set(path, content)
    return content
  }
}

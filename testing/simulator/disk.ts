// A disk that forgets: what was written stands in the page cache and survives the death of a process, but
// a power loss takes what was not synced (after FoundationDB's AsyncFileNonDurable, in idea).
//
// Model: appends reach the disk in order, so a power loss leaves a prefix of what was not synced, perhaps torn
// in the middle of a page; names (made, renamed, removed) are journalled in order and durable with the next sync.
import type { Disk, DiskFile, OpenMode } from '@castellan/protocol/runtime'
import type { SeededRandom } from './random.ts'

/** What one write since the last sync replaced. */
interface Unsynced {
  readonly position: number
  readonly before: Uint8Array
  readonly sizeBefore: number
  readonly length: number
}

class Content {
  bytes = new Uint8Array(0)
  size = 0
  unsynced: Unsynced[] = []

  write(buffers: readonly Uint8Array[], position: number): void {
    const length = buffers.reduce((sum, buffer) => sum + buffer.length, 0)
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

  /** Undoes unsynced writes from the newest on until `keep` are left, then tears the last of those. */
  forget(keep: number, random: SeededRandom): void {
    while (this.unsynced.length > keep) this.#undo(this.unsynced.pop()!)
    const last = this.unsynced.at(-1)
    // A write that only extended the file may be torn: its first part stands, the rest never was.
    if (
      last &&
      last.position === last.sizeBefore &&
      this.size === last.sizeBefore + last.length &&
      random.chance(0.5)
    ) {
      const size = last.sizeBefore + random.between(0, last.length)
      this.bytes.fill(0, size, this.size)
      this.size = size
    }
    this.unsynced = []
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

export interface DiskHost {
  readonly random: SeededRandom
  /** Calls `then` after a disk's delay, or never, when the process has died by then. */
  later(then: () => void): void
  /** True once the process that holds this disk was killed: nothing that it still does takes effect. */
  readonly dead: boolean
}

/** The platters: they outlive the processes that use them. */
export class Platters {
  readonly files = new Map<string, Content>()
  readonly folders = new Set<string>(['/'])
  /** How to undo each change of names since the last sync, oldest first. */
  journal: (() => void)[] = []
  /** Bytes that a power loss may still take. */
  get unsyncedWrites(): number {
    let count = 0
    for (const content of this.files.values()) count += content.unsynced.length
    return count
  }

  /** The power goes: a prefix of the unsynced writes of each file stays, the same of the journal of names. */
  losePower(random: SeededRandom): void {
    const keep = random.between(0, this.journal.length + 1)
    while (this.journal.length > keep) this.journal.pop()!()
    this.journal = []
    for (const content of this.files.values()) {
      if (content.unsynced.length > 0) content.forget(random.between(0, content.unsynced.length + 1), random)
    }
  }

  /** One process's view, which ends with the process. */
  mount(host: DiskHost): Disk {
    return new SimDisk(this, host)
  }
}

function fail(code: string, path: string): never {
  throw Object.assign(new Error(`${code}: ${path}`), { code })
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

class SimDisk implements Disk {
  readonly #platters: Platters
  readonly #host: DiskHost
  constructor(platters: Platters, host: DiskHost) {
    this.#platters = platters
    this.#host = host
  }

  open(path: string, mode: OpenMode): DiskFile {
    const { files, folders, journal } = this.#platters
    let content = files.get(path)
    if (content === undefined) {
      if (mode !== 'create' || !folders.has(parentOf(path))) fail('ENOENT', path)
      content = new Content()
      if (!this.#host.dead) {
        files.set(path, content)
        journal.push(() => files.delete(path))
      }
    }
    return new SimFile(path, content, this.#platters, this.#host)
  }

  exists(path: string): boolean {
    return this.#platters.files.has(path) || this.#platters.folders.has(path)
  }

  list(folder: string): string[] {
    if (!this.#platters.folders.has(folder)) fail('ENOENT', folder)
    const prefix = folder === '/' ? '/' : `${folder}/`
    const names: string[] = []
    for (const path of [...this.#platters.files.keys(), ...this.#platters.folders]) {
      if (path.startsWith(prefix) && path.length > prefix.length && !path.includes('/', prefix.length)) {
        names.push(path.slice(prefix.length))
      }
    }
    return names.sort()
  }

  mkdir(folder: string): void {
    if (this.#host.dead || this.#platters.folders.has(folder)) return
    if (folder !== '/') this.mkdir(parentOf(folder))
    this.#platters.folders.add(folder)
    this.#platters.journal.push(() => this.#platters.folders.delete(folder))
  }

  remove(path: string): void {
    if (this.#host.dead) return
    const { files, folders, journal } = this.#platters
    for (const [name, content] of [...files]) {
      if (name !== path && !name.startsWith(`${path}/`)) continue
      files.delete(name)
      journal.push(() => files.set(name, content))
    }
    for (const name of [...folders]) {
      if (name !== path && !name.startsWith(`${path}/`)) continue
      folders.delete(name)
      journal.push(() => folders.add(name))
    }
  }

  rename(from: string, to: string): void {
    if (this.#host.dead) return
    const { files, folders, journal } = this.#platters
    if (folders.has(from)) return this.#renameFolder(from, to)
    const moved = files.get(from)
    if (moved === undefined) fail('ENOENT', from)
    const replaced = files.get(to)
    files.delete(from)
    files.set(to, moved)
    journal.push(() => {
      files.set(from, moved)
      if (replaced) files.set(to, replaced)
      else files.delete(to)
    })
  }

  #renameFolder(from: string, to: string): void {
    if (this.exists(to)) fail('ENOTEMPTY', to)
    const move = (source: string, target: string) => {
      const { files, folders } = this.#platters
      const renamed = (path: string) => `${target}${path.slice(source.length)}`
      const inside = (path: string) => path === source || path.startsWith(`${source}/`)
      for (const [path, content] of [...files].filter(([path]) => inside(path))) {
        files.delete(path)
        files.set(renamed(path), content)
      }
      for (const path of [...folders].filter(inside)) {
        folders.delete(path)
        folders.add(renamed(path))
      }
    }
    move(from, to)
    this.#platters.journal.push(() => move(to, from))
  }

  syncFolder(folder: string): Promise<void> {
    if (!this.#platters.folders.has(folder)) fail('ENOENT', folder)
    const names = new Set(this.#platters.journal)
    return new Promise((resolve) =>
      this.#host.later(() => {
        this.#platters.journal = this.#platters.journal.filter((undo) => !names.has(undo))
        resolve()
      }),
    )
  }
}

class SimFile implements DiskFile {
  readonly path: string
  readonly #content: Content
  readonly #platters: Platters
  readonly #host: DiskHost
  #open = true

  constructor(path: string, content: Content, platters: Platters, host: DiskHost) {
    this.path = path
    this.#content = content
    this.#platters = platters
    this.#host = host
  }

  size(): number {
    this.#mustBeOpen()
    return this.#content.size
  }

  read(target: Uint8Array, position: number): number {
    this.#mustBeOpen()
    const { bytes, size } = this.#content
    const length = Math.max(0, Math.min(target.length, size - position))
    target.set(bytes.subarray(position, position + length))
    return length
  }

  readAsync(target: Uint8Array, position: number): Promise<number> {
    this.#mustBeOpen()
    return new Promise((resolve, reject) =>
      this.#host.later(() => {
        try {
          resolve(this.read(target, position))
        } catch (error) {
          reject(error)
        }
      }),
    )
  }

  writev(buffers: readonly Uint8Array[], position: number): void {
    this.#mustBeOpen()
    if (!this.#host.dead) this.#content.write(buffers, position)
  }

  truncate(size: number): void {
    this.#mustBeOpen()
    if (!this.#host.dead) this.#content.truncate(size)
  }

  sync(): Promise<void> {
    this.#mustBeOpen()
    const writes = new Set(this.#content.unsynced)
    const names = new Set(this.#platters.journal)
    return new Promise((resolve) =>
      this.#host.later(() => {
        // What was written while the sync ran is not covered by it.
        this.#content.unsynced = this.#content.unsynced.filter((write) => !writes.has(write))
        this.#platters.journal = this.#platters.journal.filter((undo) => !names.has(undo))
        resolve()
      }),
    )
  }

  close(): void {
    this.#mustBeOpen()
    this.#open = false
  }

  #mustBeOpen(): void {
    if (!this.#open) fail('EBADF', this.path)
  }
}

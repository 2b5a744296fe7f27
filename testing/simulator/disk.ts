// A disk that forgets: what was written stands in the page cache and survives the death of a process, but a power loss takes what was
// not synced (platters.ts; after FoundationDB's AsyncFileNonDurable, in idea). A process may die within a call.
import type { Disk, DiskFile, OpenMode } from '@castellan/protocol/runtime'
import { behind, bytesOf, Content, firstOf } from './content.ts'
import type { Platters } from './platters.ts'
import type { SeededRandom } from './random.ts'

export interface DiskHost {
  readonly random: SeededRandom
  /** Calls `then` after a disk's delay, or never, when the process has died by then. */
  later(then: () => void): void
  /**
   * The process is about to change something outside of itself. 'dies': it is killed in the middle of this. 'dead': it was killed before,
   * and nothing that it still does takes effect.
   */
  act(): 'lives' | 'dies' | 'dead'
  /** Something was written: a slow disk holds its process up. */
  wrote(): void
  /** Calls `write` after a slow disk's delay, whether the process is stopped or not, and what that returns in the process; not when it has died. */
  writes(write: () => () => void): void
}

function diskError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code })
}

function fail(code: string, path: string): never {
  throw diskError(code, path)
}

function noSpace(platters: Platters, path: string): Error {
  platters.refusals += 1
  return diskError('ENOSPC', path)
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

export class SimDisk implements Disk {
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
      if (this.#host.act() !== 'lives') return new SimFile(path, new Content(), this.#platters, this.#host)
      if (this.#platters.freeBytes <= 0) throw noSpace(this.#platters, path)
      content = this.#platters.make(path)
      journal.push(() => files.delete(path))
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
    if (this.#platters.folders.has(folder)) return
    if (folder !== '/') this.mkdir(parentOf(folder))
    if (this.#host.act() !== 'lives') return
    if (this.#platters.freeBytes <= 0) throw noSpace(this.#platters, folder)
    this.#platters.folders.add(folder)
    this.#platters.journal.push(() => this.#platters.folders.delete(folder))
  }

  remove(path: string): void {
    const { files, folders, journal } = this.#platters
    if (!this.exists(path) || this.#host.act() !== 'lives') return
    for (const [name, content] of [...files]) {
      if (name !== path && !name.startsWith(`${path}/`)) continue
      files.delete(name)
      this.#platters.freeBytes += content.size
      journal.push(() => files.set(name, content))
    }
    for (const name of [...folders]) {
      if (name !== path && !name.startsWith(`${path}/`)) continue
      folders.delete(name)
      journal.push(() => folders.add(name))
    }
  }

  removeAsync(path: string): Promise<void> {
    return new Promise((resolve) =>
      this.#host.later(() => {
        this.remove(path)
        resolve()
      }),
    )
  }

  rename(from: string, to: string): void {
    if (this.#host.act() !== 'lives') return
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
    const length = bytesOf(buffers)
    const state = this.#host.act()
    if (state === 'dead') return
    if (state === 'dies') {
      this.#content.write(firstOf(buffers, this.#host.random.between(0, length + 1)), position)
      return
    }
    const isWhole = this.#put(buffers, position)
    this.#host.wrote()
    if (!isWhole) throw noSpace(this.#platters, this.path)
  }

  /** A first part is there at once, the rest when it is done: whoever reads too early, or dies meanwhile, meets the part. */
  writevAsync(buffers: readonly Uint8Array[], position: number): Promise<void> {
    this.#mustBeOpen()
    const state = this.#host.act()
    if (state === 'dead') return new Promise(() => {})
    const early = this.#host.random.between(0, bytesOf(buffers) + 1)
    const hasRoom = this.#put(firstOf(buffers, early), position)
    if (state === 'dies') return new Promise(() => {})
    return new Promise((resolve, reject) =>
      this.#host.writes(() => {
        const isWhole = hasRoom && this.#put(behind(buffers, early), position + early)
        return isWhole ? resolve : () => reject(noSpace(this.#platters, this.path))
      }),
    )
  }

  /** False: the disk is full, and only a part was written. */
  #put(buffers: readonly Uint8Array[], position: number): boolean {
    const length = bytesOf(buffers)
    const room = this.#content.size - position + this.#platters.freeBytes
    const written = Math.max(0, Math.min(length, room))
    this.#platters.freeBytes -= Math.max(0, position + written - this.#content.size)
    this.#content.write(written < length ? firstOf(buffers, written) : buffers, position)
    return written === length
  }

  truncate(size: number): void {
    this.#mustBeOpen()
    if (this.#host.act() !== 'lives') return
    this.#platters.freeBytes += this.#content.size - size
    this.#content.truncate(size)
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

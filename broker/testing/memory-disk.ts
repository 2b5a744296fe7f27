// A disk in memory, whose writes can be made to fail or to wait.
import type { Disk, DiskFile, OpenMode } from '@castellan/protocol/runtime'

class MemoryFile {
  bytes = new Uint8Array(0)

  write(buffers: readonly Uint8Array[], position: number): void {
    const end = position + buffers.reduce((sum, { length }) => sum + length, 0)
    if (end > this.bytes.length) this.resize(end)
    let at = position
    for (const buffer of buffers) {
      this.bytes.set(buffer, at)
      at += buffer.length
    }
  }

  resize(size: number): void {
    const bytes = new Uint8Array(size)
    bytes.set(this.bytes.subarray(0, size))
    this.bytes = bytes
  }
}

export class MemoryDisk implements Disk {
  readonly files = new Map<string, MemoryFile>()
  readonly #folders = new Set<string>(['/'])
  /** Thrown by every open and write while it is set. */
  failure: Error | null = null
  /** Awaited by every sync. */
  syncing: Promise<void> = Promise.resolve()
  /** Files and folders that were synced, in that order. */
  readonly synced: string[] = []

  open(path: string, mode: OpenMode): DiskFile {
    this.#check()
    const file = this.files.get(path) ?? (mode === 'create' ? new MemoryFile() : undefined)
    if (!file) throw Object.assign(new Error(`no file ${path}`), { code: 'ENOENT' })
    this.files.set(path, file)
    const read = (target: Uint8Array, position: number) => {
      const part = file.bytes.subarray(position, position + target.length)
      target.set(part)
      return part.length
    }
    return {
      path,
      size: () => file.bytes.length,
      read,
      readAsync: async (target, position) => read(target, position),
      writev: (buffers, position) => {
        this.#check()
        file.write(buffers, position)
      },
      writevAsync: async (buffers, position) => {
        this.#check()
        file.write(buffers, position)
      },
      truncate: (size) => file.resize(size),
      sync: () => this.#sync(path),
      close: () => {},
    }
  }

  exists(path: string): boolean {
    return this.files.has(path) || this.#folders.has(path)
  }

  list(folder: string): string[] {
    if (!this.#folders.has(folder)) throw Object.assign(new Error(`no folder ${folder}`), { code: 'ENOENT' })
    const names = [...this.files.keys(), ...this.#folders]
      .filter((path) => path.startsWith(`${folder}/`))
      .map((path) => path.slice(folder.length + 1).split('/')[0]!)
    return [...new Set(names)].sort()
  }

  mkdir(folder: string): void {
    this.#check()
    const parts = folder.split('/')
    for (let i = 2; i <= parts.length; i++) this.#folders.add(parts.slice(0, i).join('/'))
  }

  remove(path: string): void {
    for (const key of [...this.files.keys()]) if (key === path || key.startsWith(`${path}/`)) this.files.delete(key)
    for (const key of [...this.#folders]) if (key === path || key.startsWith(`${path}/`)) this.#folders.delete(key)
  }

  async removeAsync(path: string): Promise<void> {
    this.remove(path)
  }

  rename(from: string, to: string): void {
    const file = this.files.get(from)
    if (!file) throw Object.assign(new Error(`no file ${from}`), { code: 'ENOENT' })
    this.files.delete(from)
    this.files.set(to, file)
  }

  syncFolder(folder: string): Promise<void> {
    return this.#sync(folder)
  }

  #sync(path: string): Promise<void> {
    this.synced.push(path)
    return this.syncing
  }

  #check(): void {
    if (this.failure) throw this.failure
  }
}

// For tests: a disk in memory that can lose what was not synced, refuse calls, and be damaged by hand.
//
// (The simulator's disk in test/simulation is another one: it delays by a seeded scheduler. This one answers at once.)
import type { Disk, DiskFile, OpenMode } from '@castellan/protocol/runtime'

export type DiskCall = 'open' | 'read' | 'write' | 'truncate' | 'sync' | 'rename' | 'remove' | 'mkdir'

class Content {
  bytes = new Uint8Array(0)
  /** What a power loss leaves at least. */
  synced = new Uint8Array(0)

  put(buffer: Uint8Array, position: number): void {
    const end = position + buffer.length
    if (end > this.bytes.length) this.resize(end)
    this.bytes.set(buffer, position)
  }

  resize(size: number): void {
    const bytes = new Uint8Array(size)
    bytes.set(this.bytes.subarray(0, size))
    this.bytes = bytes
  }
}

export class TestingDisk implements Disk {
  readonly #files = new Map<string, Content>()
  readonly #folders = new Set<string>(['/'])
  #openFiles = 0
  /** A sync that is under way when the power goes has done nothing. */
  #losses = 0
  /** Gives the error code with which a call fails; undefined: it works. */
  refuse: (call: DiskCall, path: string) => string | undefined = () => undefined
  /** How many bytes of a refused write reach the file all the same. */
  partialBytes = 0
  /** Syncs and reads off the loop wait for these. */
  syncGate: Promise<void> = Promise.resolve()
  readGate: Promise<void> = Promise.resolve()
  /** Awaited by every write off the loop. */
  writeGate: Promise<void> = Promise.resolve()

  get openFiles(): number {
    return this.#openFiles
  }

  /** The file's bytes, to be looked at or damaged. */
  bytes(path: string): Uint8Array {
    return this.#content(path).bytes
  }

  resize(path: string, size: number): void {
    this.#content(path).resize(size)
  }

  paths(): string[] {
    return [...this.#files.keys()].sort()
  }

  /** The power goes: of each file a part of what was not synced is lost, from the end on, perhaps leaving zeros. */
  losePower(random: () => number): void {
    this.#losses++
    for (const content of this.#files.values()) {
      const { bytes, synced } = content
      if (random() < 0.3) continue
      const kept = synced.length + Math.floor(random() * (Math.max(0, bytes.length - synced.length) + 1))
      const isAppended = bytes.length >= synced.length && synced.every((byte, at) => byte === bytes[at])
      content.bytes = isAppended ? bytes.slice(0, kept) : synced.slice()
      // The size reached the disk, the data did not.
      if (isAppended && random() < 0.3) content.resize(bytes.length)
    }
    for (const content of this.#files.values()) content.synced = content.bytes.slice()
  }

  open(path: string, mode: OpenMode): DiskFile {
    this.#check('open', path)
    if (!this.#files.has(path)) {
      if (mode !== 'create' || !this.#folders.has(parentOf(path))) throw diskError('ENOENT', path)
      this.#files.set(path, new Content())
    }
    this.#openFiles++
    const content = this.#content(path)
    let isOpen = true
    const check = (call: DiskCall) => {
      if (!isOpen) throw diskError('EBADF', path)
      this.#check(call, path)
    }
    const read = (target: Uint8Array, position: number): number => {
      check('read')
      const part = content.bytes.subarray(position, position + target.length)
      target.set(part)
      return part.length
    }
    const write = (buffers: readonly Uint8Array[], position: number): void => {
      const all = Buffer.concat(buffers)
      try {
        check('write')
      } catch (error) {
        content.put(all.subarray(0, this.partialBytes), position)
        throw error
      }
      content.put(all, position)
    }
    return {
      path,
      size: () => content.bytes.length,
      read,
      readAsync: async (target, position) => {
        await this.readGate
        return read(target, position)
      },
      writev: write,
      writevAsync: async (buffers, position) => {
        await this.writeGate
        write(buffers, position)
      },
      truncate: (size) => {
        check('truncate')
        content.resize(size)
      },
      sync: async () => {
        const bytes = content.bytes.slice()
        const losses = this.#losses
        await this.syncGate
        check('sync')
        if (losses === this.#losses) content.synced = bytes
      },
      close: () => {
        if (!isOpen) throw diskError('EBADF', path)
        isOpen = false
        this.#openFiles--
      },
    }
  }

  exists(path: string): boolean {
    return this.#files.has(path) || this.#folders.has(path)
  }

  list(folder: string): string[] {
    if (!this.#folders.has(folder)) throw diskError('ENOENT', folder)
    const paths = [...this.#files.keys(), ...this.#folders].filter((path) => path !== '/' && parentOf(path) === folder)
    return paths.map((path) => path.slice(path.lastIndexOf('/') + 1)).sort()
  }

  mkdir(folder: string): void {
    this.#check('mkdir', folder)
    for (let path = folder; path !== '/'; path = parentOf(path)) this.#folders.add(path)
  }

  remove(path: string): void {
    this.#check('remove', path)
    for (const name of [...this.#files.keys()].filter((one) => isWithin(one, path))) this.#files.delete(name)
    for (const name of [...this.#folders].filter((one) => isWithin(one, path))) this.#folders.delete(name)
  }

  async removeAsync(path: string): Promise<void> {
    this.remove(path)
  }

  rename(from: string, to: string): void {
    this.#check('rename', from)
    const moved = (path: string) => `${to}${path.slice(from.length)}`
    for (const [path, content] of [...this.#files].filter(([path]) => isWithin(path, from))) {
      this.#files.delete(path)
      this.#files.set(moved(path), content)
    }
    for (const path of [...this.#folders].filter((path) => isWithin(path, from))) {
      this.#folders.delete(path)
      this.#folders.add(moved(path))
    }
  }

  async syncFolder(folder: string): Promise<void> {
    await this.syncGate
    this.#check('sync', folder)
  }

  #content(path: string): Content {
    const content = this.#files.get(path)
    if (content === undefined) throw diskError('ENOENT', path)
    return content
  }

  #check(call: DiskCall, path: string): void {
    const code = this.refuse(call, path)
    if (code !== undefined) throw diskError(code, path)
  }
}

/** What one process sees of a disk: once it is killed, nothing that it still does takes effect, and nothing it waits for comes. */
export class ProcessDisk implements Disk {
  readonly #disk: TestingDisk
  #isDead = false

  constructor(disk: TestingDisk) {
    this.#disk = disk
  }

  kill(): void {
    this.#isDead = true
  }

  open(path: string, mode: OpenMode): DiskFile {
    const file = this.#disk.open(path, mode)
    return {
      path,
      size: () => file.size(),
      read: (target, position) => file.read(target, position),
      readAsync: (target, position) => this.#alive(file.readAsync(target, position)),
      writev: (buffers, position) => this.#isDead || file.writev(buffers, position),
      writevAsync: (buffers, position) =>
        this.#isDead ? this.#never() : this.#alive(file.writevAsync(buffers, position)),
      truncate: (size) => this.#isDead || file.truncate(size),
      sync: () => this.#alive(file.sync()),
      close: () => file.close(),
    }
  }

  exists(path: string): boolean {
    return this.#disk.exists(path)
  }

  list(folder: string): string[] {
    return this.#disk.list(folder)
  }

  mkdir(folder: string): void {
    if (!this.#isDead) this.#disk.mkdir(folder)
  }

  remove(path: string): void {
    if (!this.#isDead) this.#disk.remove(path)
  }

  removeAsync(path: string): Promise<void> {
    return this.#isDead ? this.#never() : this.#alive(this.#disk.removeAsync(path))
  }

  rename(from: string, to: string): void {
    if (!this.#isDead) this.#disk.rename(from, to)
  }

  syncFolder(folder: string): Promise<void> {
    return this.#alive(this.#disk.syncFolder(folder))
  }

  async #alive<T>(call: Promise<T>): Promise<T> {
    const outcome = await call
    return this.#isDead ? this.#never() : outcome
  }

  #never<T>(): Promise<T> {
    return new Promise<T>(() => {})
  }
}

function diskError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code })
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}

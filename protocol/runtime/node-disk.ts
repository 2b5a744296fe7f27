import fs from 'node:fs'
import { dirname } from 'node:path'
import type { Disk, DiskFile, OpenMode } from './disk.ts'

const flags: Record<OpenMode, number> = {
  read: fs.constants.O_RDONLY,
  write: fs.constants.O_RDWR,
  create: fs.constants.O_RDWR | fs.constants.O_CREAT,
}

export const nodeDisk: Disk = {
  open: (path, mode) => new NodeFile(path, fs.openSync(path, flags[mode], 0o644)),
  exists: (path) => fs.existsSync(path),
  list: (folder) => fs.readdirSync(folder).sort(),
  mkdir: makeFolder,
  remove: (path) => fs.rmSync(path, { recursive: true, force: true }),
  removeAsync: (path) => fs.promises.rm(path, { recursive: true, force: true }),
  rename: (from, to) => fs.renameSync(from, to),
  async syncFolder(folder) {
    const handle = await fs.promises.open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
}

class NodeFile implements DiskFile {
  readonly path: string
  readonly #fd: number
  constructor(path: string, fd: number) {
    this.path = path
    this.#fd = fd
  }

  size(): number {
    return fs.fstatSync(this.#fd).size
  }

  read(target: Uint8Array, position: number): number {
    let done = 0
    while (done < target.length) {
      const bytes = fs.readSync(this.#fd, target, done, target.length - done, position + done)
      if (bytes === 0) break
      done += bytes
    }
    return done
  }

  async readAsync(target: Uint8Array, position: number): Promise<number> {
    let done = 0
    while (done < target.length) {
      const bytes = await readOnce(this.#fd, target, done, position + done)
      if (bytes === 0) break
      done += bytes
    }
    return done
  }

  writev(buffers: readonly Uint8Array[], position: number): void {
    const total = buffers.reduce((sum, buffer) => sum + buffer.length, 0)
    let written = fs.writevSync(this.#fd, buffers, position)
    if (written === total) return
    // A short write (a disk almost full, or more buffers than one call takes): write on one by one, so that the
    // error, if there is one, is thrown by the write that meets it.
    let skip = written
    for (const buffer of buffers) {
      const from = Math.min(skip, buffer.length)
      skip -= from
      for (let offset = from; offset < buffer.length; ) {
        const bytes = fs.writeSync(this.#fd, buffer, offset, buffer.length - offset, position + written)
        offset += bytes
        written += bytes
      }
    }
  }

  async writevAsync(buffers: readonly Uint8Array[], position: number): Promise<void> {
    let left = buffers
    let at = position
    while (left.length > 0) {
      const bytes = await writeOnce(this.#fd, left, at)
      at += bytes
      left = behind(left, bytes)
    }
  }

  truncate(size: number): void {
    fs.ftruncateSync(this.#fd, size)
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => fs.fdatasync(this.#fd, (error) => (error ? reject(error) : resolve())))
  }

  close(): void {
    fs.closeSync(this.#fd)
  }
}

function writeOnce(fd: number, buffers: readonly Uint8Array[], position: number): Promise<number> {
  return new Promise((resolve, reject) =>
    fs.writev(fd, buffers, position, (error, bytes) => (error ? reject(error) : resolve(bytes))),
  )
}

/** What the buffers hold behind their first `bytes`. */
function behind(buffers: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skip = bytes
  const rest: Uint8Array[] = []
  for (const buffer of buffers) {
    if (skip < buffer.length) rest.push(skip === 0 ? buffer : buffer.subarray(skip))
    skip = Math.max(0, skip - buffer.length)
  }
  return rest
}

function readOnce(fd: number, target: Uint8Array, offset: number, position: number): Promise<number> {
  return new Promise((resolve, reject) =>
    fs.read(fd, target, offset, target.length - offset, position, (error, bytes) =>
      error ? reject(error) : resolve(bytes),
    ),
  )
}

/**
 * Makes a folder, with those above it. One by one: Node's own recursive mkdir never returns where the system refuses a folder with
 * ENOENT (/proc). Throws what the system says.
 */
export function makeFolder(path: string): void {
  try {
    fs.mkdirSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && fs.statSync(path).isDirectory()) return
    const above = dirname(path)
    if (code !== 'ENOENT' || fs.existsSync(above)) throw error
    makeFolder(above)
    makeFolder(path)
  }
}

// Open files, a bounded number of them: 10,000 partitions cannot each hold their files open (limits of 1,024 are common).
// The one that was not used for the longest time is closed first; one that is being read or synced off the loop stays open.
import type { Disk, DiskFile, OpenMode } from '@castellan/protocol/runtime'
import { systemCode } from '../errors.ts'

interface Entry {
  readonly file: DiskFile
  /** Rises with each use of any file. */
  usedAt: number
  /** Calls off the loop that use it now. */
  pins: number
  /** Forgotten meanwhile: closed with the last pin. */
  doomed: boolean
}

export class FileCache {
  readonly #disk: Disk
  readonly #openFilesMax: number
  readonly #entries = new Map<string, Entry>()
  #uses = 0

  constructor(disk: Disk, openFilesMax: number) {
    this.#disk = disk
    this.#openFilesMax = openFilesMax
  }

  get openFiles(): number {
    return this.#entries.size
  }

  /** The open file, for calls within this turn only. Throws what the disk throws. */
  get(path: string, mode: OpenMode = 'write'): DiskFile {
    return this.#entry(path, mode).file
  }

  /** Holds the file open while `work` runs off the loop. */
  async during<T>(path: string, work: (file: DiskFile) => Promise<T>): Promise<T> {
    const entry = this.#entry(path, 'write')
    entry.pins++
    try {
      return await work(entry.file)
    } finally {
      entry.pins--
      if (entry.doomed && entry.pins === 0) entry.file.close()
    }
  }

  /** Closes the file, if it is open, as soon as nothing uses it; before it is removed or renamed. */
  forget(path: string): void {
    const entry = this.#entries.get(path)
    if (entry !== undefined) this.#drop(path, entry)
  }

  close(): void {
    for (const [path, entry] of this.#entries) this.#drop(path, entry)
  }

  #entry(path: string, mode: OpenMode): Entry {
    let entry = this.#entries.get(path)
    if (entry === undefined) {
      this.#makeRoom(this.#openFilesMax - 1)
      entry = { file: this.#open(path, mode), usedAt: 0, pins: 0, doomed: false }
      this.#entries.set(path, entry)
    }
    entry.usedAt = ++this.#uses
    return entry
  }

  #open(path: string, mode: OpenMode): DiskFile {
    try {
      return this.#disk.open(path, mode)
    } catch (error) {
      // The process has more files and connections than the system lets it: give some back.
      if (systemCode(error) !== 'EMFILE' && systemCode(error) !== 'ENFILE') throw error
      this.#makeRoom(Math.floor(this.#entries.size / 2))
      return this.#disk.open(path, mode)
    }
  }

  /** Pinned files may keep it above `count`: there are only as many as calls under way. */
  #makeRoom(count: number): void {
    if (this.#entries.size <= count) return
    const idle = [...this.#entries].filter(([, { pins }]) => pins === 0)
    idle.sort(([, one], [, other]) => one.usedAt - other.usedAt)
    // Some more than needed: the search is the dear part.
    const surplus = this.#entries.size - count + Math.floor(count / 10)
    for (const [path, entry] of idle.slice(0, surplus)) this.#drop(path, entry)
  }

  #drop(path: string, entry: Entry): void {
    this.#entries.delete(path)
    if (entry.pins > 0) entry.doomed = true
    else entry.file.close()
  }
}

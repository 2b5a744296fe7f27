// Where pino writes in a process of `castellan start`: a file of bounded size. Appends are synchronous, because logs are rare
// (never one per message) and the last line before a crash is the one that is wanted. What such a process prints besides
// goes to a file that is kept across its restarts in the same way.
import { closeSync, fstatSync, ftruncateSync, openSync, renameSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { makeFolder } from '@castellan/protocol/runtime'
import { codeOf } from './errors.ts'

export class LogFile {
  readonly #path: string
  readonly #bytesMax: number
  #fd: number
  #bytes: number
  /** Lines that the disk had no room for, since the last that it took. */
  #lost = 0

  /** At most twice `bytesMax` is kept: the file, and the one before it as `<path>.1`. */
  constructor(path: string, bytesMax = 8 << 20) {
    this.#path = path
    this.#bytesMax = bytesMax
    makeFolder(dirname(path))
    this.#fd = openSync(path, 'a')
    this.#bytes = fstatSync(this.#fd).size
  }

  /** Never throws: a full disk costs lines, which are counted, not the process that has something to say about it. */
  write(line: string): void {
    try {
      if (this.#lost > 0)
        this.#append(`${JSON.stringify({ level: 40, msg: `${this.#lost} lines could not be written` })}\n`)
      this.#lost = 0
      this.#append(line)
    } catch (error) {
      if (codeOf(error) === undefined) throw error
      this.#lost++
    }
  }

  #append(line: string): void {
    const bytes = Buffer.from(line)
    if (this.#bytes > 0 && this.#bytes + bytes.length > this.#bytesMax) this.#rotate()
    const before = this.#bytes
    try {
      for (let at = 0; at < bytes.length; ) {
        const written = writeSync(this.#fd, bytes, at)
        at += written
        this.#bytes += written
      }
    } catch (error) {
      // Half a line would spoil the next one.
      if (this.#bytes > before) ftruncateSync(this.#fd, before)
      this.#bytes = before
      throw error
    }
  }

  #rotate(): void {
    renameSync(this.#path, `${this.#path}.1`)
    const fd = openSync(this.#path, 'a')
    closeSync(this.#fd)
    this.#fd = fd
    this.#bytes = 0
  }
}

export interface Output {
  readonly fd: number
  /** Where what is written from now on begins in the file. */
  readonly start: number
}

/** For what a child prints: appends; a file that has grown beyond `bytesMax` becomes `<path>.1` first. The caller closes it. */
export function openOutput(path: string, bytesMax = 1 << 20): Output {
  makeFolder(dirname(path))
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (size > bytesMax) renameSync(path, `${path}.1`)
  return { fd: openSync(path, 'a'), start: size > bytesMax ? 0 : size }
}

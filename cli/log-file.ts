// Where pino writes in a process of `castellan start`: a file of bounded size. Appends are synchronous, because logs are rare
// (never one per message) and the last line before a crash is the one that is wanted.
import { closeSync, fstatSync, ftruncateSync, openSync, renameSync, writeSync } from 'node:fs'
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

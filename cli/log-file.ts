// Where pino writes in a process of `castellan start`: a file of bounded size. Appends are synchronous, because logs are rare
// (never one per message) and the last line before a crash is the one that is wanted.
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

export class LogFile {
  readonly #path: string
  readonly #bytesMax: number
  #fd: number
  #bytes: number

  /** At most twice `bytesMax` is kept: the file, and the one before it as `<path>.1`. */
  constructor(path: string, bytesMax = 8 << 20) {
    this.#path = path
    this.#bytesMax = bytesMax
    mkdirSync(dirname(path), { recursive: true })
    this.#fd = openSync(path, 'a')
    this.#bytes = fstatSync(this.#fd).size
  }

  write(line: string): void {
    const bytes = Buffer.from(line)
    if (this.#bytes > 0 && this.#bytes + bytes.length > this.#bytesMax) this.#rotate()
    writeSync(this.#fd, bytes)
    this.#bytes += bytes.length
  }

  #rotate(): void {
    closeSync(this.#fd)
    renameSync(this.#path, `${this.#path}.1`)
    this.#fd = openSync(this.#path, 'a')
    this.#bytes = 0
  }
}

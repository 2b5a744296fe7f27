// How far a database had come when it was last written, in a small file beside it. A database that is behind its mark was put back to an
// older state, or lost its write-ahead log: so Castle knows at its start that brokers may know better (R14), though none of those that do is
// there to say it. A whole folder that was put back has its older mark, too: then only brokers and clients tell.
//
// Written after each commit, which is on disk by then, and without fsync: a mark that is lost or too old says nothing, one that is ahead is
// right. One that cannot be read or written stops nobody.
import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

export interface Mark {
  /** Names the database: of another one it says nothing. */
  readonly store: string
  readonly commits: number
  readonly castleEpoch: number
}

/** In bytes, always: it is written in place. */
const length = 128

export function encodeMark({ store, commits, castleEpoch }: Mark): string {
  return `${JSON.stringify({ store, commits, castleEpoch }).padEnd(length - 1)}\n`
}

/** Undefined: there is none, or it cannot be read. */
export function decodeMark(text: string): Mark | undefined {
  try {
    const { store, commits, castleEpoch } = JSON.parse(text) as Partial<Mark>
    return typeof store === 'string' && isCount(commits) && isCount(castleEpoch)
      ? { store, commits, castleEpoch }
      : undefined
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}

/** More was committed to the database once than it has now. */
export function isAhead(mark: Mark, store: string, commits: number): boolean {
  return mark.store === store && mark.commits > commits
}

export class MarkFile {
  readonly #file: number | undefined
  /** As it was found. */
  readonly found: Mark | undefined

  constructor(folder: string) {
    const path = join(folder, 'castle.mark')
    this.#file = attempt(() => openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644))
    this.found = decodeMark(attempt(() => readFileSync(path, 'utf8')) ?? '')
  }

  write(mark: Mark): void {
    const file = this.#file
    if (file !== undefined) attempt(() => writeSync(file, encodeMark(mark), 0))
  }

  close(): void {
    const file = this.#file
    if (file !== undefined) attempt(() => closeSync(file))
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

/** Undefined: the system refused. The database is what counts. */
function attempt<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  }
}

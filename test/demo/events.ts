// The real event stream of test/data: every change of a file in the history of a code base, in the order of its commits.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

export interface FileChange {
  readonly commit: string
  /** The number of the commit in the history: rises from change to change of one path. */
  readonly seq: number
  /** Seconds since 1970. */
  readonly time: number
  readonly path: string
  readonly added: number
  readonly removed: number
}

const file = join(import.meta.dirname, '..', 'data', 'file-changes.jsonl.gz')

/** The events as the file has them, one JSON text each. */
export function eventLines(): string[] {
  return gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n')
}

export function parseEvent(text: string): FileChange {
  return JSON.parse(text) as FileChange
}

/** The top-level folder of a path; files beside the folders are in `.`. */
export function folderOf(path: string): string {
  const end = path.indexOf('/')
  return end === -1 ? '.' : path.slice(0, end)
}

export interface FolderTotal {
  readonly folder: string
  readonly events: number
  readonly added: number
  readonly removed: number
}

/** Totals by folder, in the order of their names. */
export class Totals {
  readonly #byFolder = new Map<string, { events: number; added: number; removed: number }>()

  add({ path, added, removed }: FileChange): void {
    const folder = folderOf(path)
    let total = this.#byFolder.get(folder)
    if (total === undefined) {
      total = { events: 0, added: 0, removed: 0 }
      this.#byFolder.set(folder, total)
    }
    total.events++
    total.added += added
    total.removed += removed
  }

  list(): FolderTotal[] {
    return [...this.#byFolder]
      .map(([folder, total]) => ({ folder, ...total }))
      .sort((a, b) => (a.folder < b.folder ? -1 : a.folder > b.folder ? 1 : 0))
  }
}

/** The totals straight from the file: what the consumers must arrive at. */
export function totalsOfFile(lines: readonly string[]): FolderTotal[] {
  const totals = new Totals()
  for (const line of lines) totals.add(parseEvent(line))
  return totals.list()
}

// What one reading of a topic has found so far, page by page: pure. Bounded: following live for a day keeps the newest rows, and
// says how many it let go.
import type { MessagesPage } from '../api/types.ts'
import type { Message } from './api.ts'
import { placeText } from './range.ts'

export interface Row extends Message {
  /** `partition@offset`. */
  readonly place: string
  /** In which order they were read. */
  readonly sequence: number
}

export interface Scanned {
  readonly partition: number
  readonly from: number
  readonly to: number
  /** null: nobody could tell. */
  readonly end: number | null
}

export interface Reading {
  readonly rows: readonly Row[]
  readonly found: number
  /** By partition: offsets [from, to) of it were looked at since the reading began. */
  readonly scanned: readonly Scanned[]
  readonly unreadable: MessagesPage['unreadable']
  readonly next: string | undefined
  readonly isComplete: boolean
  /** What the brokers refused the last time, or null. */
  readonly problem: string | null
}

export const rowsMax = 2_000
const unreadableMax = 100

export const emptyReading: Reading = {
  ...{ rows: [], found: 0, scanned: [], unreadable: [], next: undefined, isComplete: false, problem: null },
}

export function withPage(reading: Reading, page: MessagesPage): Reading {
  const { items, next, complete, problem } = page
  const rows = items.map((item, index) => ({ ...item, place: placeText(item), sequence: reading.found + index }))
  return {
    // A page that only waited brings nothing: then the rows stay the very same.
    rows: rows.length === 0 ? reading.rows : [...reading.rows, ...rows].slice(-rowsMax),
    found: reading.found + rows.length,
    scanned: mergeScanned(reading.scanned, page.scanned),
    unreadable: [...reading.unreadable, ...page.unreadable].slice(-unreadableMax),
    next,
    isComplete: complete,
    problem,
  }
}

/** Each reading starts somewhere, and goes on from there. */
function mergeScanned(before: readonly Scanned[], now: readonly Scanned[]): Scanned[] {
  const known = new Map(before.map((each) => [each.partition, each]))
  return now.map((each) => {
    const old = known.get(each.partition)
    if (each.end === null) return old ?? each
    return old === undefined || old.end === null ? each : { ...each, from: old.from }
  })
}

/** How many offsets were looked at, of how many there are from where the reading began. */
export function progressOf({ scanned }: Pick<Reading, 'scanned'>): { looked: number; all: number } {
  let looked = 0
  let all = 0
  for (const { from, to, end } of scanned) {
    if (end === null) continue
    looked += to - from
    all += Math.max(to, end) - from
  }
  return { looked, all }
}

// One look into a topic, as pure as it can be: where each partition's reading stands, what it found, and which of that is
// shown. messages.ts feeds it what brokers answer.
//
//   partition 0   from ├──────── scanned ────────┤ at          end
//                        matches: m  m     m  m                 the shown ones go first, in order of time;
//                                      ▲ the next page begins after the last one shown
import type { Rec } from '@castellan/protocol/records'
import type { Position } from './cursor.ts'

/** Reading one partition. */
export interface Lane {
  readonly partition: number
  /** Where this look began; the reading stands at `at`, and `end` is the one after the last that consumers see. */
  readonly from: number
  at: number
  end: number
  readonly matches: Rec[]
  readonly unreadable: Unreadable[]
  /** Its broker refused or did not answer: not read further this time. */
  failed: boolean
}

export interface Unreadable {
  readonly partition: number
  readonly from: number
  readonly to: number
  readonly why: string
}

export interface Found {
  readonly partition: number
  readonly record: Rec
}

/** The offset at which a reading from `position` begins. `found`: the first at or after the position's time; -1: none. */
export function startOf(
  position: Position,
  start: number,
  end: number,
  newestCount: number,
  found: number | null,
): number {
  if (position === 'earliest') return start
  if (position === 'latest') return Math.max(start, end - newestCount)
  if (typeof position === 'number') return Math.min(Math.max(position, start), end)
  return found === null || found < 0 ? end : Math.min(Math.max(found, start), end)
}

export function newLane(partition: number, from: number, end: number): Lane {
  return { partition, from, at: from, end, matches: [], unreadable: [], failed: false }
}

export function isAtEnd({ at, end }: Lane): boolean {
  return at >= end
}

/**
 * The matches to be shown, at most `limit` and about `bytesMax` (always one): in order of time across partitions, and of
 * offsets within each. From the oldest on; with `newest`, those that come last. What is left out of the oldest is where the
 * next page begins; what is left out of the newest lies before what was asked for.
 */
export function pick(
  lanes: readonly Lane[],
  limit: number,
  bytesMax: number,
  newest: boolean,
): { picked: Found[]; next: Map<number, number> } {
  const merged = mergeByTime(lanes)
  const next = new Map(lanes.map(({ partition, at }) => [partition, at]))
  if (newest) {
    const kept = takeWithin(merged.reverse(), limit, bytesMax).reverse()
    return { picked: kept, next }
  }
  const picked = takeWithin(merged, limit, bytesMax)
  // Backwards, so that the first one left out of each partition stays.
  for (const { partition, record } of merged.slice(picked.length).reverse()) next.set(partition, record.offset)
  return { picked, next }
}

function takeWithin(found: readonly Found[], limit: number, bytesMax: number): Found[] {
  let bytes = 0
  const taken: Found[] = []
  for (const each of found) {
    bytes += bytesOf(each.record)
    if (taken.length >= limit || (taken.length > 0 && bytes > bytesMax)) break
    taken.push(each)
  }
  return taken
}

/** Longest that a key or value is shown. */
export const shownBytesMax = 64 * 1024

/** About what it takes to show it. */
export function bytesOf({ key, value, headers }: Rec): number {
  let bytes = Math.min(key?.length ?? 0, shownBytesMax) + Math.min(value?.length ?? 0, shownBytesMax) + 100
  for (const header of headers) bytes += header.key.length + Math.min(header.value?.length ?? 0, shownBytesMax) + 30
  return bytes
}

/** A partition's messages stay in order, even where their times do not rise. */
function mergeByTime(lanes: readonly Lane[]): Found[] {
  const heads = lanes.filter(({ matches }) => matches.length > 0).map((lane) => ({ lane, index: 0 }))
  const merged: Found[] = []
  while (heads.length > 0) {
    let first = 0
    for (let i = 1; i < heads.length; i++) if (timeAt(heads[i]) < timeAt(heads[first])) first = i
    const head = heads[first] as (typeof heads)[number]
    merged.push({ partition: head.lane.partition, record: head.lane.matches[head.index] as Rec })
    head.index += 1
    if (head.index === head.lane.matches.length) heads.splice(first, 1)
  }
  return merged
}

function timeAt(head: { lane: Lane; index: number } | undefined): number {
  return head?.lane.matches[head.index]?.timestamp ?? Number.POSITIVE_INFINITY
}

/** What a message must have to be shown. */
export interface Filter {
  /** The key's bytes, exactly. */
  readonly key?: Uint8Array
  /** Bytes within the key or the value. */
  readonly contains?: Uint8Array
}

export function matches({ key, value }: Rec, filter: Filter): boolean {
  if (filter.key !== undefined && (key === null || !asBuffer(key).equals(filter.key))) return false
  const { contains } = filter
  if (contains === undefined) return true
  const text = asBuffer(contains)
  return [key, value].some((bytes) => bytes !== null && asBuffer(bytes).includes(text))
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

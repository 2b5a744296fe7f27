// Where to go on in each partition of a topic, as a text that fits into a URL:
//
//   1_4f0c..._0.1200_1.e_2.t1700000000000      version _ topic id _ partition.position ...
//
// It names the topic's id: a topic that was made anew under the same name is another, and its offsets mean nothing here.
import { CastleError } from '../errors.ts'

/** An offset, an end of the log that could not be told yet, or the first message at or after a time. */
export type Position = number | 'earliest' | 'latest' | { readonly timeMs: number }

export type Positions = ReadonlyMap<number, Position>

/** More partitions at a time would not fit into a URL, nor into a reader's head. */
export const partitionsMax = 256

export function cursorOf(topicId: string, positions: Positions): string {
  return ['1', topicId, ...[...positions].map(([partition, at]) => `${partition}.${textOf(at)}`)].join('_')
}

/** Throws CURSOR_WRONG for what is no cursor, or is one of another topic. */
export function readCursor(text: string, topic: { readonly topicId: string; readonly name: string }): Positions {
  const [version, topicId, ...entries] = text.split('_')
  if (version !== '1' || entries.length === 0 || entries.length > partitionsMax) throw wrong('is no cursor of ours')
  if (topicId !== topic.topicId) throw wrong(`is of another topic than '${topic.name}' as it is now`)
  const positions = new Map<number, Position>()
  for (const entry of entries) {
    const found = /^(\d{1,7})\.(?:(\d{1,16})|(e)|(l)|t(\d{1,15}))$/.exec(entry)
    if (found === null) throw wrong('is no cursor of ours')
    positions.set(Number(found[1]), positionOf(found))
  }
  return positions
}

/**
 * Where `from` of a query means: earliest, latest, an offset, or a time (ISO 8601). Throws REQUEST_WRONG.
 */
export function readFrom(text: string): Position {
  if (text === 'earliest' || text === 'latest') return text
  if (/^\d{1,15}$/.test(text)) return Number(text)
  const timeMs = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN
  if (timeMs >= 0) return { timeMs }
  const message = `'from' in the query is '${text.slice(0, 300)}', but must be earliest, latest, an offset, or a time such as 2026-01-31T12:00:00Z`
  throw new CastleError('REQUEST_WRONG', message, { params: { from: text.slice(0, 300) } })
}

function textOf(position: Position): string {
  if (typeof position === 'number') return String(position)
  if (typeof position === 'string') return position.charAt(0)
  return `t${position.timeMs}`
}

function positionOf(found: RegExpExecArray): Position {
  if (found[2] !== undefined) return Number(found[2])
  if (found[3] !== undefined) return 'earliest'
  return found[4] !== undefined ? 'latest' : { timeMs: Number(found[5]) }
}

function wrong(what: string): CastleError {
  return new CastleError('CURSOR_WRONG', `the cursor ${what}`)
}

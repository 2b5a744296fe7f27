// Lists: {items, next}. Items stand in the order of a key; `next` is the key of the last one given, to be sent as `after`, or
// null at the end. So a list may change between two pages without repeating or skipping what did not.
import { Type } from '@castellan/protocol/json-schema'
import type { Static, TSchema } from 'typebox'

export const pageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 100, description: 'Items at most.' })),
  after: Type.Optional(Type.String({ maxLength: 1_000, description: 'The `next` of the page before.' })),
}

export function pageOf<T extends TSchema>(items: T) {
  return Type.Object({ items: Type.Array(items), next: Type.Union([Type.String(), Type.Null()]) })
}

const pageQueryObject = Type.Object(pageQuery)
type PageQuery = Static<typeof pageQueryObject>

export interface Page<T> {
  readonly items: T[]
  readonly next: string | null
}

/**
 * One page of things in ascending order of their keys. Only what is on the page is shown and kept in order, so a page of
 * 100,000 clients costs one look at each.
 */
export function page<T, Shown>(
  things: Iterable<T>,
  keyOf: (thing: T) => string,
  show: (thing: T) => Shown,
  query: PageQuery,
): Page<Shown> {
  const { limit = 100, after } = query
  const chosen: { key: string; thing: T }[] = []
  let isMore = false
  for (const thing of things) {
    const key = keyOf(thing)
    if (after !== undefined && key <= after) continue
    const last = chosen.at(-1)
    if (chosen.length === limit) {
      isMore = true
      if (last !== undefined && key > last.key) continue
      chosen.pop()
    }
    chosen.splice(placeOf(chosen, key), 0, { key, thing })
  }
  const next = isMore ? (chosen.at(-1)?.key ?? null) : null
  return { items: chosen.map(({ thing }) => show(thing)), next }
}

function placeOf(sorted: readonly { key: string }[], key: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle]?.key ?? '') < key) low = middle + 1
    else high = middle
  }
  return low
}

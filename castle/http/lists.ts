// Lists: {items, next, total}. Items stand in the order of a key; `next` is the key of the last one given, to be sent as `after`,
// or null at the end. So a list may change between two pages without repeating or skipping what did not.
//
// The key begins with what the list is sorted by and ends with the name, which tells all things apart:
//   sort=name        orders/c
//   sort=partitions  0000000000000012/orders/c
import { Type } from '@castellan/protocol/json-schema'
import type { Static, TSchema } from 'typebox'

export const pageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 100, description: 'Items at most.' })),
  after: Type.Optional(Type.String({ maxLength: 1_000, description: 'The `next` of the page before.' })),
}

/** Of a list that can be searched and sorted. */
export function listQuery<const Sorts extends readonly string[]>(sorts: Sorts) {
  return {
    q: Type.Optional(Type.String({ maxLength: 249, description: 'Only those whose name contains this text.' })),
    sort: Type.Optional(Type.Enum(sorts, { default: 'name' })),
    order: Type.Optional(Type.Enum(['asc', 'desc'], { default: 'asc' })),
    ...pageQuery,
  }
}

export function pageOf<T extends TSchema>(items: T) {
  return Type.Object({ items: Type.Array(items), next: Type.Union([Type.String(), Type.Null()]) })
}

export function listOf<T extends TSchema>(items: T) {
  return Type.Object({
    items: Type.Array(items),
    next: Type.Union([Type.String(), Type.Null()]),
    /** Of all pages, as it is now. */
    total: Type.Integer({ minimum: 0 }),
  })
}

const pageQueryObject = Type.Object(pageQuery)
type PageQuery = Static<typeof pageQueryObject>
type ListQuery = PageQuery & { readonly q?: string; readonly sort?: string; readonly order?: 'asc' | 'desc' }

export interface Page<T> {
  readonly items: T[]
  readonly next: string | null
}

export interface List<T> extends Page<T> {
  readonly total: number
}

/** How things are listed: `name` tells them apart, and is what `q` looks in. */
export interface Listing<T, Shown> {
  readonly name: (thing: T) => string
  /** What else they may be sorted by: numbers from 0 to 2^53. */
  readonly sorts?: Readonly<Record<string, (thing: T) => number>>
  readonly show: (thing: T) => Shown
}

/** Those that fit, one by one. */
export function* matching<T>(things: Iterable<T>, fits: (thing: T) => boolean): Iterable<T> {
  for (const thing of things) if (fits(thing)) yield thing
}

/** One page of things, searched and sorted; costs one look at each thing. */
export function list<T, Shown>(things: Iterable<T>, query: ListQuery, listing: Listing<T, Shown>): List<Shown> {
  const { q = '', sort = 'name', order = 'asc' } = query
  const { name, show } = listing
  const numberOf = listing.sorts?.[sort]
  const keyOf =
    numberOf === undefined ? name : (thing: T) => `${String(numberOf(thing)).padStart(16, '0')}/${name(thing)}`
  const searched = q.toLowerCase()
  let total = 0
  function* found() {
    for (const thing of things) {
      if (searched !== '' && !name(thing).toLowerCase().includes(searched)) continue
      total += 1
      yield thing
    }
  }
  const onePage = page(found(), keyOf, show, query, order)
  return { ...onePage, total }
}

/**
 * One page of things in the order of their keys. Only what is on the page is shown and kept in order, so a page of 100,000
 * clients costs one look at each.
 */
export function page<T, Shown>(
  things: Iterable<T>,
  keyOf: (thing: T) => string,
  show: (thing: T) => Shown,
  query: PageQuery,
  order: 'asc' | 'desc' = 'asc',
): Page<Shown> {
  const { limit = 100, after } = query
  const isBefore = order === 'asc' ? (a: string, b: string) => a < b : (a: string, b: string) => a > b
  const chosen: { key: string; thing: T }[] = []
  let isMore = false
  for (const thing of things) {
    const key = keyOf(thing)
    if (after !== undefined && !isBefore(after, key)) continue
    const last = chosen.at(-1)
    if (chosen.length === limit) {
      isMore = true
      if (last !== undefined && !isBefore(key, last.key)) continue
      chosen.pop()
    }
    chosen.splice(placeOf(chosen, key, isBefore), 0, { key, thing })
  }
  const next = isMore ? (chosen.at(-1)?.key ?? null) : null
  return { items: chosen.map(({ thing }) => show(thing)), next }
}

function placeOf(sorted: readonly { key: string }[], key: string, isBefore: (a: string, b: string) => boolean): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBefore(sorted[middle]?.key ?? '', key)) low = middle + 1
    else high = middle
  }
  return low
}

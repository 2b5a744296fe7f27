import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Page, page } from './lists.ts'

const show = (items: Iterable<string>, query: { limit?: number; after?: string }): Page<string> =>
  page(
    items,
    (key) => key,
    (key) => key.toUpperCase(),
    query,
  )

test('the first items by key, and where to go on', () => {
  expect(show(['d', 'b', 'a', 'c'], { limit: 2 })).toEqual({ items: ['A', 'B'], next: 'b' })
  expect(show(['d', 'b', 'a', 'c'], { limit: 2, after: 'b' })).toEqual({ items: ['C', 'D'], next: null })
  expect(show([], {})).toEqual({ items: [], next: null })
})

test('page after page gives everything once, in order', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/), { maxLength: 60 }),
      fc.integer({ min: 1, max: 9 }),
      (keys, limit) => {
        const all: string[] = []
        let one = show(keys, { limit })
        for (; one.next !== null; one = show(keys, { limit, after: one.next })) all.push(...one.items)
        all.push(...one.items)
        expect(all).toEqual([...keys].sort().map((key) => key.toUpperCase()))
      },
    ),
  )
})

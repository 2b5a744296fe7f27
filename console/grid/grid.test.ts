import { expect, test } from 'vitest'
import { hold, nextSort, type Placed, place, readSort, sortRows, writeSort } from './order.ts'
import { rowForKey, rowHeight, scrollFor, windowOf } from './window.ts'

interface Row {
  readonly key: string
  readonly lag: number
}
const keyOf = ({ key }: Row) => key
const row = (key: string, lag = 0): Row => ({ key, lag })
const keys = (rows: readonly (Row | Placed<Row>)[]) => rows.map(({ key }) => key)

test('the sort of an address, and back', () => {
  const fallback = { column: 'name', isDescending: false }
  expect(readSort('', fallback)).toBe(fallback)
  for (const text of ['lag', '-lag']) expect(writeSort(readSort(text, fallback))).toBe(text)
  expect(nextSort(fallback, 'name')).toEqual({ column: 'name', isDescending: true })
  expect(nextSort({ column: 'name', isDescending: true }, 'name')).toEqual(fallback)
  expect(nextSort(fallback, 'lag')).toEqual({ column: 'lag', isDescending: false })
})

test('numbers are sorted as numbers, texts as people count, equals by key whatever the direction', () => {
  const rows = [row('t-10', 5), row('t-9', 10), row('t-2', 5)]
  expect(keys(sortRows(rows, ({ lag }) => lag, keyOf, false))).toEqual(['t-2', 't-10', 't-9'])
  expect(keys(sortRows(rows, ({ lag }) => lag, keyOf, true))).toEqual(['t-9', 't-2', 't-10'])
  expect(keys(sortRows(rows, keyOf, keyOf, false))).toEqual(['t-2', 't-9', 't-10'])
})

test('held rows keep their places, take new values, show what is gone, and count what is new', () => {
  const shown = place([row('a', 3), row('b', 2), row('c', 1)], keyOf)
  const { placed, fresh } = hold(shown, [row('d', 9), row('c', 8), row('a', 3), row('e', 1)], keyOf)
  expect(placed.map(({ key, isGone, row: { lag } }) => [key, isGone, lag])).toEqual([
    ['a', false, 3],
    ['b', true, 2],
    ['c', false, 8],
  ])
  expect(fresh).toBe(2)
})

test('held rows that did not change stay the same objects, so they are not drawn again', () => {
  const rows = [row('a'), row('b')]
  expect(hold(place(rows, keyOf), rows, keyOf).placed.map((each) => each.row)).toEqual(rows)
})

test.each([
  [0, 320, 10_000, 0, 17],
  [3_200, 320, 10_000, 94, 117],
  [319_680, 320, 10_000, 9_984, 10_000],
  [0, 320, 3, 0, 3],
  [9_999, 320, 3, 0, 3],
  [0, 0, 0, 0, 0],
])('scrolled to %i of height %i, of %i rows those from %i to %i stand in the page', (top, height, rows, first, end) => {
  expect(windowOf(top, height, rows)).toEqual({ first, end })
})

test.each([
  ['ArrowDown', -1, 0],
  ['j', 0, 1],
  ['k', 0, 0],
  ['ArrowUp', 5, 4],
  ['PageDown', 5, 15],
  ['PageUp', 5, 0],
  ['Home', 50, 0],
  ['End', 0, 99],
  ['j', 99, 99],
  ['x', 5, undefined],
])('%s at row %i of 100 leads to %s', (key, active, to) => {
  expect(rowForKey(key, active, 100, 10)).toBe(to)
})

test('scrolls only as far as it must to show a row', () => {
  const height = 10 * rowHeight
  expect(scrollFor(3, 0, height)).toBe(0)
  expect(scrollFor(10, 0, height)).toBe(rowHeight)
  expect(scrollFor(2, 100 * rowHeight, height)).toBe(2 * rowHeight)
})

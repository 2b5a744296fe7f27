import { expect, test } from 'vitest'
import type { MessagesPage } from '../api/types.ts'
import { emptyReading, progressOf, type Reading, rowsMax, withPage } from './reading.ts'

const message = (partition: number, offset: number) => ({
  ...{ partition, offset, timestamp: null, key: null, value: null, headers: [] },
  ...{ headersLeftOut: 0, valueBytes: 0, keyBytes: 0 },
})
const page = (given: Partial<MessagesPage>): MessagesPage => ({
  ...{ items: [], next: 'n', scanned: [], complete: false, unreadable: [], problem: null, ...given },
})

test('pages add up; what was scanned reaches from the first to the last', () => {
  const first = withPage(
    emptyReading,
    page({ items: [message(0, 5), message(1, 7)], scanned: [{ partition: 0, from: 5, to: 9, end: 20 }] }),
  )
  const second = withPage(
    first,
    page({ items: [message(0, 12)], scanned: [{ partition: 0, from: 9, to: 20, end: 20 }], complete: true, next: 'm' }),
  )
  expect(second.rows.map(({ place, sequence }) => [place, sequence])).toEqual([
    ['0@5', 0],
    ['1@7', 1],
    ['0@12', 2],
  ])
  expect(second.scanned).toEqual([{ partition: 0, from: 5, to: 20, end: 20 }])
  expect(second).toMatchObject({ found: 3, isComplete: true, next: 'm' })
  expect(progressOf(first)).toEqual({ looked: 4, all: 15 })
  expect(progressOf(second)).toEqual({ looked: 15, all: 15 })
})

test('a partition whose broker was away keeps what is known, and begins where it is first told', () => {
  const away = withPage(emptyReading, page({ scanned: [{ partition: 0, from: 0, to: 0, end: null }] }))
  expect(progressOf(away)).toEqual({ looked: 0, all: 0 })
  const back = withPage(away, page({ scanned: [{ partition: 0, from: 40, to: 50, end: 60 }] }))
  expect(back.scanned).toEqual([{ partition: 0, from: 40, to: 50, end: 60 }])
  const awayAgain = withPage(back, page({ scanned: [{ partition: 0, from: 0, to: 0, end: null }] }))
  expect(awayAgain.scanned).toEqual(back.scanned)
})

test('following for long keeps the newest rows, and a page of nothing changes none', () => {
  let reading: Reading = emptyReading
  for (let at = 0; at < rowsMax + 500; at += 100) {
    reading = withPage(reading, page({ items: Array.from({ length: 100 }, (_, index) => message(0, at + index)) }))
  }
  expect(reading.rows).toHaveLength(rowsMax)
  expect(reading.rows[0]?.offset).toBe(500)
  expect(reading.found).toBe(rowsMax + 500)
  expect(withPage(reading, page({})).rows).toBe(reading.rows)
})

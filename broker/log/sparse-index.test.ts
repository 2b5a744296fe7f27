import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type IndexEntry, SparseIndex } from './sparse-index.ts'

interface Batch {
  readonly offset: number
  readonly position: number
  readonly maxTimestamp: number
}

const batches = fc
  .array(
    fc.record({
      records: fc.integer({ min: 1, max: 50 }),
      bytes: fc.integer({ min: 61, max: 3000 }),
      maxTimestamp: fc.integer({ min: -1, max: 99 }),
    }),
    {
      maxLength: 2000,
      size: 'max',
    },
  )
  .map((sizes) => {
    let offset = 0
    let position = 0
    return sizes.map(({ records, bytes, maxTimestamp }): Batch => {
      const batch = { offset, position, maxTimestamp }
      offset += records
      position += bytes
      return batch
    })
  })

function indexOf(all: readonly Batch[], spacingBytes: number): SparseIndex {
  const index = new SparseIndex(spacingBytes)
  let highest = -1
  for (const { offset, position, maxTimestamp } of all) {
    index.add(offset, position, highest)
    highest = Math.max(highest, maxTimestamp)
  }
  return index
}

const isBatch = (all: readonly Batch[], entry: IndexEntry) =>
  all.some(({ offset, position }) => offset === entry.offset && position === entry.position)

test('an entry is a batch at or before what is looked for, and the index stays small', () => {
  fc.assert(
    fc.property(
      batches,
      fc.integer({ min: 0, max: 200 }),
      fc.nat(100_000),
      fc.nat(99),
      (all, spacing, offset, timestamp) => {
        const index = indexOf(all, spacing)
        const { offsets } = index.content(0)
        expect(offsets.length).toBeLessThanOrEqual(512)
        if (all.length === 0) return
        const byOffset = index.atOffset(offset)!
        expect(isBatch(all, byOffset) && byOffset.offset <= offset).toBe(true)
        const byTime = index.atTimestamp(timestamp)!
        expect(isBatch(all, byTime)).toBe(true)
        const first = all.find(({ maxTimestamp }) => maxTimestamp >= timestamp)
        expect(byTime.offset).toBeLessThanOrEqual(first?.offset ?? Number.POSITIVE_INFINITY)
      },
    ),
    { numRuns: 60 },
  )
})

test('a search begins at most two spacings before its goal', () => {
  const all = Array.from({ length: 10_000 }, (_, at) => ({ offset: at, position: at * 100, maxTimestamp: at }))
  const index = indexOf(all, 1000)
  // 1,000 entries would be needed: the spacing has doubled once.
  for (const goal of [0, 7, 4999, 9999]) expect(goal * 100 - index.atOffset(goal)!.position).toBeLessThan(2 * 2000)
})

test('an index comes back from its file as it was', () => {
  const all = Array.from({ length: 100 }, (_, at) => ({ offset: at * 3, position: at * 100, maxTimestamp: at }))
  const index = indexOf(all, 150)
  const content = index.content(10_000)
  expect(SparseIndex.from(JSON.parse(JSON.stringify(content))).content(10_000)).toEqual(content)
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { place } from './placement.ts'

const rooms = (...counts: number[]) => counts.map((partitions, index) => ({ brokerId: index + 1, partitions }))

describe('placement', () => {
  const table: [string, ReturnType<typeof rooms>, number, number[]][] = [
    ['one broker takes all', rooms(0), 3, [1, 1, 1]],
    ['empty brokers in turn', rooms(0, 0, 0), 6, [1, 2, 3, 1, 2, 3]],
    ['a rest goes to the first', rooms(0, 0, 0), 4, [1, 2, 3, 1]],
    ['one partition goes to the emptiest', rooms(2, 1, 1), 1, [2]],
    ['the rest goes to the emptiest', rooms(5, 1, 0), 4, [3, 2, 1, 3]],
    ['even within the topic before even over all', rooms(100, 0), 4, [2, 1, 2, 1]],
  ]
  test.each(table)('%s', (_, brokers, partitions, expected) => {
    expect(place(brokers, partitions)).toEqual(expected)
  })

  test('topic after topic, brokers differ by one partition at most, in each topic and overall', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 7 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 12 }),
        (count, topics) => {
          const held = new Map(Array.from({ length: count }, (_, id) => [id, 0]))
          for (const partitions of topics) {
            const placed = place(
              [...held].map(([brokerId, n]) => ({ brokerId, partitions: n })),
              partitions,
            )
            const own = [...held.keys()].map((id) => placed.filter((broker) => broker === id).length)
            expect(Math.max(...own) - Math.min(...own)).toBeLessThanOrEqual(1)
            for (const broker of placed) held.set(broker, (held.get(broker) ?? 0) + 1)
          }
          const all = [...held.values()]
          expect(Math.max(...all) - Math.min(...all)).toBeLessThanOrEqual(1)
        },
      ),
    )
  })
})

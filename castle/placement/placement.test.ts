import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { place, placeNew, type Room } from './placement.ts'

/** Brokers 1, 2, ... with so many partitions each, which they lead; racks by letter, `.` for none. */
function rooms(counts: readonly number[], racks = ''): Room[] {
  return counts.map((partitions, index) => {
    const rack = racks[index] ?? '.'
    return { brokerId: index + 1, rack: rack === '.' ? null : rack, replicas: partitions, leaders: partitions }
  })
}

describe('new partitions', () => {
  const table: [string, Room[], number, number, number[][]][] = [
    ['one broker takes all', rooms([0]), 3, 1, [[1], [1], [1]]],
    ['empty brokers in turn', rooms([0, 0, 0]), 4, 1, [[1], [2], [3], [1]]],
    ['one partition goes to the emptiest', rooms([2, 1, 1]), 1, 1, [[2]]],
    ['the rest goes to the emptiest', rooms([5, 1, 0]), 4, 1, [[3], [2], [1], [3]]],
    ['even within the topic before even over all', rooms([100, 0]), 4, 1, [[2], [1], [2], [1]]],
    [
      'three replicas on three brokers: leaders in turn, and their successors',
      rooms([0, 0, 0]),
      6,
      3,
      [
        [1, 2, 3],
        [2, 1, 3],
        [3, 1, 2],
        [1, 3, 2],
        [2, 3, 1],
        [3, 2, 1],
      ],
    ],
    ['who leads least leads', rooms([1, 0, 0]), 1, 3, [[2, 1, 3]]],
    [
      'one of each rack',
      rooms([0, 0, 0, 0], 'aabb'),
      2,
      2,
      [
        [1, 3],
        [2, 4],
      ],
    ],
    [
      'a rack of one broker shares every partition',
      rooms([0, 0, 0], 'aab'),
      3,
      2,
      [
        [1, 3],
        [2, 3],
        [3, 1],
      ],
    ],
    ['fewer racks than replicas: spread as far as they go', rooms([0, 0, 0, 0], 'aaab'), 1, 3, [[1, 2, 4]]],
    ['no rack is a rack of its own', rooms([0, 0, 0], 'a..'), 1, 3, [[1, 2, 3]]],
  ]
  test.each(table)('%s', (_, brokers, partitions, replicationFactor, expected) => {
    expect(placeNew(brokers, partitions, replicationFactor)).toEqual(expected)
  })
})

describe('partitions that have replicas', () => {
  test('keep them, and get the rest where there is room and another rack', () => {
    expect(place(rooms([3, 0, 0]), [[1], [1], [1]], 2)).toEqual([
      [1, 2],
      [1, 3],
      [1, 2],
    ])
    expect(place(rooms([2, 0, 0], 'aab'), [[1], [1]], 2)).toEqual([
      [1, 3],
      [1, 3],
    ])
    expect(place(rooms([0, 0, 0]), [[1, 2, 3]], 2)).toEqual([[1, 2]])
  })

  test('further ones are even with those that are there', () => {
    expect(place(rooms([2, 1, 0]), [[], [], []], 1, [[1], [1], [2]])).toEqual([[3], [2], [3]])
  })
})

const racks = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 })
const topics = fc.array(fc.integer({ min: 1, max: 24 }), { minLength: 1, maxLength: 8 })

/** Places topic after topic, and tells what each broker has of each, and of all. */
function placeAll(brokers: readonly Room[], counts: readonly number[], replicationFactor: number) {
  const held = new Map(brokers.map((room) => [room.brokerId, { replicas: 0, leaders: 0 }]))
  const placed = counts.map((partitions) => {
    const now = brokers.map((room) => ({ ...room, ...(held.get(room.brokerId) ?? { replicas: 0, leaders: 0 }) }))
    const topic = placeNew(now, partitions, replicationFactor)
    expect(placeNew(now, partitions, replicationFactor)).toEqual(topic)
    for (const replicas of topic) {
      for (const [index, id] of replicas.entries()) {
        const { replicas: all, leaders } = held.get(id) ?? { replicas: 0, leaders: 0 }
        held.set(id, { replicas: all + 1, leaders: leaders + (index === 0 ? 1 : 0) })
      }
    }
    return topic
  })
  return { placed, held: [...held.values()] }
}

const spread = (counts: readonly number[]) => Math.max(...counts) - Math.min(...counts)

describe('whatever there is to place', () => {
  test('without racks, replicas and leaders of a topic differ by one at most, and so do replicas over all', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 7 }),
        topics,
        fc.integer({ min: 1, max: 4 }),
        (count, partitions, factor) => {
          const replicationFactor = Math.min(factor, count)
          const brokers = rooms(Array<number>(count).fill(0))
          const { placed, held } = placeAll(brokers, partitions, replicationFactor)
          for (const topic of placed) {
            const ids = brokers.map(({ brokerId }) => brokerId)
            expect(
              spread(ids.map((id) => topic.filter((replicas) => replicas.includes(id)).length)),
            ).toBeLessThanOrEqual(1)
            expect(spread(ids.map((id) => topic.filter(([leader]) => leader === id).length))).toBeLessThanOrEqual(1)
          }
          expect(spread(held.map(({ replicas }) => replicas))).toBeLessThanOrEqual(1)
        },
      ),
    )
  })

  test('no broker twice, and no rack twice while there are enough', () => {
    fc.assert(
      fc.property(racks, topics, fc.integer({ min: 1, max: 5 }), (sizes, partitions, factor) => {
        const letters = sizes.map((size, index) => 'abcde'[index]!.repeat(size)).join('')
        const brokers = rooms(Array<number>(letters.length).fill(0), letters)
        const replicationFactor = Math.min(factor, letters.length)
        const rackOf = new Map(brokers.map(({ brokerId, rack }) => [brokerId, rack]))
        for (const replicas of placeAll(brokers, partitions, replicationFactor).placed.flat()) {
          expect(new Set(replicas).size).toBe(replicationFactor)
          const used = new Set(replicas.map((id) => rackOf.get(id)))
          expect(used.size).toBe(Math.min(replicationFactor, sizes.length))
        }
      }),
    )
  })

  test('racks of one size are even too', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 1, max: 3 }), topics, (count, size, partitions) => {
        const letters = 'abcd'.slice(0, count).replace(/./g, (letter) => letter.repeat(size))
        const brokers = rooms(Array<number>(letters.length).fill(0), letters)
        const { held } = placeAll(brokers, partitions, Math.min(3, count))
        expect(spread(held.map(({ replicas }) => replicas))).toBeLessThanOrEqual(2)
      }),
    )
  })
})

test('the largest topic on many brokers is placed in no time worth a thought', () => {
  const placed = placeNew(rooms(Array<number>(30).fill(0), 'abc'.repeat(10)), 10_000, 3)
  expect(placed).toHaveLength(10_000)
  const leaders = new Map<number | undefined, number>()
  for (const [leader] of placed) leaders.set(leader, (leaders.get(leader) ?? 0) + 1)
  expect(spread([...leaders.values()])).toBeLessThanOrEqual(1)
})

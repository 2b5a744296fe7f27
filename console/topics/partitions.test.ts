import { expect, test } from 'vitest'
import { countStates, replicasOf, troubleOf } from './partitions.ts'

test('partitions are counted by their worst', () => {
  const states = ['ok', 'offline', 'moving', 'under-replicated', 'below-min-isr', 'under-replicated'] as const
  const counts = countStates(states.map((state) => ({ state })))
  expect(counts).toEqual({ leaderless: 1, belowMinIsr: 1, underReplicated: 2 })
})

test('one without a leader is worse than all that lack a replica', () => {
  const of = (leaderless: number, belowMinIsr: number, underReplicated: number) =>
    troubleOf({ leaderless, belowMinIsr, underReplicated })
  expect(of(1, 0, 0)).toBeGreaterThan(of(0, 10_000, 10_000))
  expect(of(0, 1, 0)).toBeGreaterThan(of(0, 0, 10_000))
  expect(of(0, 0, 0)).toBe(0)
})

const partition = { leader: 1, replicas: [1, 2, 3], isr: [1, 2], missing: [{ broker: 3, why: 'behind' as const }] }
const replicas = (ends: Parameters<typeof replicasOf>[1]) =>
  replicasOf(partition, ends).map(({ end, behind, why }) => [end, behind, why])

test.each<[string, Parameters<typeof replicasOf>[1], (number | string | null | undefined)[][]]>([
  [
    'each by its own broker',
    [
      { broker: 1, end: 100, bytes: 10 },
      { broker: 2, end: 100, bytes: 10 },
      { broker: 3, end: 40, bytes: 10 },
    ],
    [
      [100, 0, undefined],
      [100, 0, undefined],
      [40, 60, 'behind'],
    ],
  ],
  [
    'a follower that was asked later is not ahead',
    [
      { broker: 1, end: 100, bytes: 10 },
      { broker: 2, end: 101, bytes: 10 },
      { broker: 3, end: null, bytes: 10 },
    ],
    [
      [100, 0, undefined],
      [101, 0, undefined],
      [null, undefined, 'behind'],
    ],
  ],
  [
    'nobody asked yet',
    undefined,
    [
      [undefined, undefined, undefined],
      [undefined, undefined, undefined],
      [undefined, undefined, 'behind'],
    ],
  ],
])('%s', (_, ends, expected) => expect(replicas(ends)).toEqual(expected))

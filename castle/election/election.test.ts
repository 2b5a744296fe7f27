import type { PartitionState } from '@castellan/protocol/heartbeat'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { elect } from './election.ts'

const one = (leader: number, leaderEpoch: number, partitionEpoch = 4): PartitionState => ({
  leader,
  leaderEpoch,
  partitionEpoch,
  replicas: [1],
  isr: [1],
})

describe('election', () => {
  // before, electable brokers, reborn broker, highest epoch that a replica reports -> leader and epoch after
  const table: [string, PartitionState, number[], number | undefined, number, [number, number] | 'as it was'][] = [
    ['the leader lives', one(1, 7), [1], undefined, 7, 'as it was'],
    ['another broker is reborn', one(1, 7), [1], 2, 7, 'as it was'],
    ['the leader died', one(1, 7), [], undefined, 7, [-1, 8]],
    ['still dead', one(-1, 8), [], undefined, 7, 'as it was'],
    ['the only replica is back', one(-1, 8), [1], 1, 7, [1, 9]],
    ['the leader is a new process', one(1, 7), [1], 1, 7, [1, 8]],
    ['a new process without a usable log', one(1, 7), [], 1, 7, [-1, 8]],
    ['a replica knows a higher epoch than the store', one(1, 7), [1], undefined, 12, [1, 13]],
    ['the same, without a leader', one(-1, 7), [1], undefined, 12, [1, 13]],
    ['nobody electable, but a higher epoch is known', one(-1, 7), [], undefined, 12, 'as it was'],
  ]
  test.each(table)('%s', (_, before, electable, reborn, highestEpoch, expected) => {
    const candidates = {
      isElectable: (id: number) => electable.includes(id),
      highestEpoch,
      ...(reborn === undefined ? {} : { reborn }),
    }
    const after = elect(before, candidates)
    if (expected === 'as it was') return expect(after).toBeUndefined()
    const [leader, leaderEpoch] = expected
    expect(after).toEqual({ ...before, leader, leaderEpoch, partitionEpoch: before.partitionEpoch + 1 })
  })

  test('a replica out of sync is never elected', () => {
    const before: PartitionState = { leader: 1, leaderEpoch: 3, partitionEpoch: 0, replicas: [1, 2, 3], isr: [1, 3] }
    expect(elect(before, { isElectable: (id) => id !== 1, highestEpoch: 3 })).toMatchObject({
      leader: 3,
      leaderEpoch: 4,
    })
    expect(elect(before, { isElectable: (id) => id === 2, highestEpoch: 3 })).toMatchObject({ leader: -1 })
  })

  test('whatever happens, the leader is electable or -1, epochs only rise, and a second look changes nothing', () => {
    const ids = fc.integer({ min: 1, max: 3 })
    const steps = fc.array(
      fc.record({ electable: fc.uniqueArray(ids), highest: fc.integer({ min: -1, max: 9 }), reborn: fc.option(ids) }),
    )
    fc.assert(
      fc.property(steps, (events) => {
        let partition: PartitionState = {
          leader: 1,
          leaderEpoch: 0,
          partitionEpoch: 0,
          replicas: [1, 2, 3],
          isr: [1, 2, 3],
        }
        for (const { electable, highest, reborn } of events) {
          const isElectable = (id: number) => electable.includes(id)
          const after =
            elect(partition, { isElectable, highestEpoch: highest, ...(reborn === null ? {} : { reborn }) }) ??
            partition
          expect(after.leader === -1 || isElectable(after.leader)).toBe(true)
          expect(after.leader !== -1 && after.leaderEpoch < highest).toBe(false)
          expect(after.leaderEpoch - partition.leaderEpoch).toBeGreaterThanOrEqual(after === partition ? 0 : 1)
          expect(elect(after, { isElectable, highestEpoch: highest })).toBeUndefined()
          partition = after
        }
      }),
    )
  })
})

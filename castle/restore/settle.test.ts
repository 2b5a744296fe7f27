import { castleEpochMax, leaderEpochReportedMax, type PartitionState } from '@castellan/protocol/heartbeat'
import { expect, test } from 'vitest'
import { newTerm } from './settle.ts'

const led = (leaderEpoch: number): PartitionState => {
  return { leader: 1, leaderEpoch, partitionEpoch: 9, replicas: [1], isr: [1] }
}

test.each([
  ['above what the store may have forgotten', 8, 1, 1_008],
  ['above all that a store put back to the same place gave: its Castle had a lower epoch', 8, 6, 6_000],
  ['above its own, however often the store went back', 9_100, 6, 10_100],
])('a new term begins %s (R5)', (_, leaderEpoch, castleEpoch, expected) => {
  expect(newTerm(led(leaderEpoch), castleEpoch)).toEqual({ ...led(expected), partitionEpoch: 10 })
})

test('no Castle epoch uses up leader epochs', () => {
  expect(newTerm(led(0), castleEpochMax).leaderEpoch).toBeLessThan(leaderEpochReportedMax)
})

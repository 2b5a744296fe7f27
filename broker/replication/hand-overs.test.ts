import type { HandOverArgs, PartitionState } from '@castellan/protocol/heartbeat'
import { silentLogger } from '@castellan/protocol/runtime'
import { beforeEach, describe, expect, test } from 'vitest'
import { settle } from '../log/testing.ts'
import type { Partition } from '../partition/index.ts'
import { produce, TestingBroker, type TopicSpec, topicId, topicState } from '../partition/testing.ts'
import { HandOvers } from './hand-overs.ts'
import { calledCastle, type Said } from './testing.ts'

// Broker 1 leads two partitions; brokers 2 and 3 follow, and 2 is to lead.
const replicas = [1, 2, 3]
let broker: TestingBroker
let partitions: Partition[]
let calls: HandOverArgs[]
/** What Castle does with a call; undefined: it never answers. */
let castle: (args: HandOverArgs) => Said

const stateOf = (spec: TopicSpec): PartitionState => topicState({ replicas, ...spec }).partitions[0]!
const apply = (spec: TopicSpec) => broker.partitions.apply(topicState({ replicas, partitions: 2, ...spec }))
const answer =
  (errorCode: number, spec: TopicSpec) =>
  ({ partitions: asked }: HandOverArgs) => ({
    errorCode: 0,
    value: { partitions: asked.map(({ partition }) => ({ topicId, partition, errorCode, state: stateOf(spec) })) },
  })

beforeEach(async () => {
  broker = await TestingBroker.start()
  calls = []
  castle = answer(0, { leader: 2, leaderEpoch: 2, partitionEpoch: 3 })
  new HandOvers({ clock: broker.clock, random: { next: () => 0.5 } } as never, {
    partitions: broker.partitions,
    castle: calledCastle(broker.clock, (args: HandOverArgs) => {
      calls.push(args)
      return castle(args)
    }),
    log: silentLogger,
  })
  apply({})
  await settle()
  partitions = [...broker.partitions.all()]
  for (const partition of partitions) {
    for (const id of [2, 3]) fetched(partition, id)
    await produce(partition, { values: ['a'] }, 1)
  }
})

function fetched(partition: Partition, id: number): void {
  const presence = { fetchedMs: broker.clock.nowMs() }
  const { leaderEpoch: currentLeaderEpoch, endOffset: fetchOffset } = partition
  partition.followers.fetched(
    { id, brokerEpoch: 40 + id, presence },
    { fetchOffset, currentLeaderEpoch, lastFetchedEpoch: -1 },
  )
}

const question = (partition: number, partitionEpoch = 2) => ({ topicId, partition, leaderEpoch: 1, partitionEpoch })
const named: TopicSpec = { next: 2, partitionEpoch: 2 }

describe('Castle is told', () => {
  test('when the next leader has everything, of all partitions at once', async () => {
    apply(named)
    await broker.clock.advance(10)
    expect(calls).toEqual([])
    for (const partition of partitions) fetched(partition, 2)
    await broker.clock.advance(10)
    expect(calls).toEqual([{ brokerEpoch: 41, partitions: [question(0), question(1)] }])
  })

  test('at once, where it has everything already', async () => {
    for (const partition of partitions) fetched(partition, 2)
    apply(named)
    await broker.clock.advance(1)
    expect(calls).toHaveLength(1)
  })

  test('again, until somebody knows; and appends go on meanwhile, for what all have', async () => {
    castle = () => undefined
    for (const partition of partitions) fetched(partition, 2)
    apply(named)
    await broker.clock.advance(600)
    expect(partitions.map(({ followers }) => followers.handOver?.kind)).toEqual(['waiting', 'waiting'])
    await broker.clock.advance(2_000)
    expect(calls).toEqual([calls[0], calls[0]])
    apply({ partitionEpoch: 3 })
    const { length } = calls
    await broker.clock.advance(10_000)
    expect(calls).toHaveLength(length)
  })

  test('it refuses, and says how the partition is now: all goes on', async () => {
    castle = answer(107, { partitionEpoch: 3 })
    for (const partition of partitions) fetched(partition, 2)
    apply(named)
    await broker.clock.advance(10)
    expect(partitions.map(({ followers }) => followers.handOver)).toEqual([null, null])
    await broker.clock.advance(5_000)
    expect(calls).toHaveLength(1)
  })
})

test('appends are held for half a second at most', async () => {
  apply(named)
  const [partition] = partitions as [Partition]
  const results: number[] = []
  partition.append(new Uint8Array(0), null, 1, ({ errorCode }) => results.push(errorCode))
  await broker.clock.advance(499)
  expect(results).toEqual([])
  await broker.clock.advance(1)
  expect([results.length, partition.followers.handOver?.kind]).toEqual([1, 'lapsed'])
  fetched(partition, 2)
  await broker.clock.advance(1_000)
  expect(calls).toEqual([])
})

import type { AlterIsrArgs, PartitionState } from '@castellan/protocol/heartbeat'
import { silentLogger } from '@castellan/protocol/runtime'
import { beforeEach, describe, expect, test } from 'vitest'
import { batchOf, settle } from '../log/testing.ts'
import type { Partition } from '../partition/index.ts'
import { TestingBroker, type TopicSpec, topicId, topicState } from '../partition/testing.ts'
import { IsrKeeper } from './isr-keeper.ts'
import { calledCastle, type Said } from './testing.ts'

// Broker 1 leads; brokers 2 and 3 follow, as processes 42 and 43.
const replicas = [1, 2, 3]
let broker: TestingBroker
let partition: Partition
let keeper: IsrKeeper
let calls: AlterIsrArgs[]
/** What Castle does with a call; undefined: it never answers. */
let castle: (args: AlterIsrArgs) => Said
let up: Map<number, { brokerEpoch: number; stopping?: boolean }>

const stateOf = (isr: number[], partitionEpoch: number): PartitionState =>
  topicState({ replicas, isr, partitionEpoch }).partitions[0]!

/** As Castle does: compared and set. */
const agree = ({ partitions }: AlterIsrArgs) => ({
  errorCode: 0,
  value: {
    partitions: partitions.map(({ partition, isr, partitionEpoch }) => ({
      topicId,
      partition,
      errorCode: 0,
      state: stateOf(
        isr.map(({ brokerId }) => brokerId),
        partitionEpoch + 1,
      ),
    })),
  },
})

/** As it is for what it knows; `state`: how it knows the partition, undefined: not at all. */
const refuseBy =
  (errorCode: number, state: PartitionState | undefined) =>
  ({ partitions }: AlterIsrArgs) => ({
    errorCode: 0,
    value: {
      partitions: partitions.map(({ partition }) => ({ topicId, partition, errorCode, ...(state && { state }) })),
    },
  })

const refuse = (args: AlterIsrArgs) => {
  const { leaderEpoch, partitionEpoch } = args.partitions[0]!
  return refuseBy(107, { ...stateOf(partition.followers.isr.slice(), partitionEpoch), leaderEpoch })(args)
}

async function start(spec: TopicSpec = {}): Promise<void> {
  broker = await TestingBroker.start()
  calls = []
  castle = agree
  up = new Map(replicas.map((id) => [id, { brokerEpoch: 40 + id }]))
  keeper = new IsrKeeper({ clock: broker.clock, random: { next: () => 0.5 } } as never, {
    brokerId: 1,
    lagTimeMaxMs: 2_000,
    partitions: broker.partitions,
    metadata: {
      broker: (id) => {
        const known = up.get(id)
        return known && { id, host: 'h', port: 1, rack: null, ...known }
      },
    },
    castle: calledCastle(broker.clock, (args: AlterIsrArgs) => {
      calls.push(args)
      return castle(args)
    }),
    log: silentLogger,
  })
  broker.partitions.apply(topicState({ replicas, ...spec }))
  await settle()
  partition = [...broker.partitions.all()][0]!
}

beforeEach(() => start())

function fetched(id: number, brokerEpoch = 40 + id): void {
  const presence = { fetchedMs: broker.clock.nowMs() }
  const { leaderEpoch: currentLeaderEpoch, endOffset: fetchOffset } = partition
  partition.followers.fetched({ id, brokerEpoch, presence }, { fetchOffset, currentLeaderEpoch, lastFetchedEpoch: -1 })
}

/** Time passes, in which these followers fetch. */
async function pass(ms: number, ...ids: number[]): Promise<void> {
  for (let passed = 0; passed < ms; passed += 250) {
    for (const id of ids) fetched(id)
    await broker.clock.advance(250)
  }
}

const members = (call: AlterIsrArgs | undefined) => call?.partitions[0]?.isr.map(({ brokerId }) => brokerId)

test('nothing is asked while all keep up', async () => {
  await pass(5_000, 2, 3)
  expect(calls).toEqual([])
})

test('who lags leaves, within a lag time and a quarter; who has caught up comes back at once', async () => {
  await pass(1_000, 2, 3)
  await pass(1_750, 2)
  expect(calls).toEqual([])
  await pass(500, 2)
  expect(calls).toEqual([
    {
      brokerEpoch: 41,
      partitions: [
        {
          topicId,
          partition: 0,
          leaderEpoch: 1,
          partitionEpoch: 1,
          isr: [
            { brokerId: 1, brokerEpoch: 41 },
            { brokerId: 2, brokerEpoch: 42 },
          ],
        },
      ],
    },
  ])
  expect(partition.followers.isr).toEqual([1, 2])
  fetched(3)
  await settle()
  expect(members(calls[1])).toEqual(replicas)
  expect(partition.followers.isr).toEqual(replicas)
  expect(keeper.counters).toEqual({ shrinks: 1, expansions: 1, refusals: 0 })
})

test('whoever may not join keeps nobody else out: Castle takes all of a proposal or nothing', async () => {
  await start({ isr: [1] })
  // Broker 2 reported a log that is out of use; this leader does not know.
  castle = (args) => {
    const names2 = args.partitions.some(({ isr }) => isr.some(({ brokerId }) => brokerId === 2))
    return names2 ? refuse(args) : agree(args)
  }
  for (let n = 0; n < 10; n++) {
    fetched(2)
    fetched(3)
    await broker.clock.advance(300)
  }
  expect(partition.followers.isr).toEqual([1, 3])
  castle = agree
  for (let n = 0; n < 10; n++) {
    fetched(2)
    fetched(3)
    await broker.clock.advance(300)
  }
  expect(partition.followers.isr).toEqual([1, 2, 3])
})

describe('who has caught up does not come back', () => {
  beforeEach(() => start({ isr: [1, 2] }))
  test.each<[string, () => void, number]>([
    ['while Castle counts its broker as down', () => up.delete(3), 43],
    ['while its broker stops', () => up.set(3, { brokerEpoch: 43, stopping: true }), 43],
    ['as another process than Castle knows (KIP-903)', () => {}, 42],
  ])('%s', async (_, prepare, brokerEpoch) => {
    prepare()
    fetched(3, brokerEpoch)
    await settle()
    expect(calls).toEqual([])
  })
})

test('many partitions are asked for in one call, and a rest follows', async () => {
  await start({ isr: [1, 2], partitions: 5 })
  const all = [...broker.partitions.all()]
  for (partition of all) fetched(3)
  await settle()
  expect(calls.map(({ partitions }) => partitions.length)).toEqual([5])
  for (const one of all) one.followers.assign(stateOf([1, 2], 3))
  for (partition of all) fetched(3)
  await settle()
  expect(calls).toHaveLength(1)
  await broker.clock.advance(20)
  expect(calls.map(({ partitions }) => partitions.length)).toEqual([5, 5])
})

test('Castle is away: asked again and again the same, until a newer subject says how it is', async () => {
  await start({ isr: [1, 2] })
  castle = () => undefined
  fetched(3)
  await pass(10_000, 2, 3)
  expect(calls.length).toBeGreaterThan(2)
  expect(new Set(calls.map((call) => JSON.stringify(call))).size).toBe(1)
  broker.partitions.apply(topicState({ replicas, isr: replicas, partitionEpoch: 2 }))
  await pass(2_500, 2, 3)
  const asked = calls.length
  await pass(5_000, 2, 3)
  expect(calls).toHaveLength(asked)
})

// The store went back (R14): an earlier call may have been heard before, and what was decided then counts in the end.
test.each([
  ['does not know the topic (any more)', refuseBy(100, undefined)],
  ['knows it as it was before', refuseBy(95, stateOf([1, 2], 1))],
])('a Castle that %s refuses nothing: both ISRs count until it does (R12), and it is asked again', async (_, says) => {
  await start({ isr: [1, 2], partitionEpoch: 2 })
  castle = says
  fetched(3)
  await settle()
  const asked = members(calls[0])
  partition.append(batchOf({ values: ['a'] }), null, -1, () => {})
  await settle()
  fetched(2)
  await pass(1_000, 2)
  expect([asked, partition.followers.isr, partition.highWatermark]).toEqual([[1, 2, 3], [1, 2], 0])
  castle = agree
  await pass(1_500, 2, 3)
  expect([partition.followers.isr, partition.highWatermark]).toEqual([[1, 2, 3], 1])
})

test('refused: not asked again before the next look, though the follower fetches on', async () => {
  await start({ isr: [1, 2] })
  castle = refuse
  for (let i = 0; i < 10; i++) {
    fetched(3)
    await broker.clock.advance(20)
  }
  expect(calls).toHaveLength(1)
  await pass(1_000, 2, 3)
  expect(calls.length).toBeGreaterThan(1)
})

test('a process that was suspended blames nobody for what it did not hear', async () => {
  await pass(1_000, 2, 3)
  const { nowMs } = broker.clock
  // Time passes without timers: the process did not run.
  broker.clock.nowMs = () => nowMs.call(broker.clock) + 30_000
  await broker.clock.advance(500)
  expect(calls).toEqual([])
  await pass(1_500, 2, 3)
  expect(calls).toEqual([])
})

test('closed: it asks no more', async () => {
  keeper.close()
  await pass(5_000, 2)
  expect(calls).toEqual([])
})

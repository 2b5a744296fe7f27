import { listOffsets as api } from '@castellan/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import type { FakePartition } from '../testing/fake-partition.ts'
import { HandlerBench } from '../testing/handler-bench.ts'
import { listOffsets } from './02-list-offsets.ts'

let bench: HandlerBench
let partition: FakePartition
beforeEach(() => {
  bench = new HandlerBench()
  partition = bench.addTopic(1, 'orders', [1, 2])[0]!
  partition.add(Buffer.alloc(5), Buffer.alloc(5), Buffer.alloc(5))
  partition.startOffset = 1
})

async function ask(
  timestamp: number,
  more: { version?: number; partitionIndex?: number; currentLeaderEpoch?: number; name?: string } = {},
) {
  const { version = 11, partitionIndex = 0, currentLeaderEpoch = -1, name = 'orders' } = more
  const topics = [{ name, partitions: [{ partitionIndex, currentLeaderEpoch, timestamp }] }]
  const answer = await bench.ask(listOffsets, api, version, { topics, timeoutMs: 0 }).answer
  return answer?.topics[0]?.partitions[0]
}

describe('the ends of what can be read', () => {
  test.each([
    ['latest: the high watermark', -1, 3, 5],
    ['earliest', -2, 1, 5],
    ['earliest local', -4, 1, 5],
    ['latest tiered: nothing is', -5, -1, -1],
    ['earliest pending upload: nothing is', -6, -1, -1],
  ])('%s', async (_, timestamp, offset, leaderEpoch) => {
    expect(await ask(timestamp)).toMatchObject({ errorCode: 0, offset, timestamp: -1, leaderEpoch })
  })

  test.each([-3, 1_700_000_000_000])('%i: as the log says', async (timestamp) => {
    expect(await ask(timestamp)).toMatchObject({ errorCode: 0, offset: -1, timestamp: -1 })
    partition.timestamps = { errorCode: 0, offset: 2, timestamp: 1_700_000_000_001, leaderEpoch: 4 }
    expect(await ask(timestamp)).toMatchObject({
      errorCode: 0,
      offset: 2,
      timestamp: 1_700_000_000_001,
      leaderEpoch: 4,
    })
  })
})

describe('errors', () => {
  test.each([
    ['an unknown topic', { name: 'nothing' }, 3],
    ['an unknown partition', { partitionIndex: 9 }, 3],
    ['led elsewhere', { partitionIndex: 1 }, 6],
    ['a leader epoch of old', { currentLeaderEpoch: 4 }, 74],
    ['a leader epoch to come', { currentLeaderEpoch: 6 }, 75],
  ])('%s', async (_, more, errorCode) => {
    expect(await ask(-1, more)).toMatchObject({ errorCode, offset: -1 })
  })

  test.each([
    [-77, 11],
    [-3, 6],
    [-4, 7],
    [-5, 8],
    [-6, 10],
  ])('%i, which means nothing at version %i', async (timestamp, version) => {
    expect(await ask(timestamp, { version })).toMatchObject({ errorCode: 35, offset: -1 })
  })

  test('a log that cannot be read', async () => {
    partition.timestamps = { errorCode: 56, offset: -1, timestamp: -1, leaderEpoch: -1 }
    expect(await ask(1)).toMatchObject({ errorCode: 56, offset: -1 })
  })

  test('the right leader epoch', async () => {
    expect(await ask(-1, { currentLeaderEpoch: 5 })).toMatchObject({ errorCode: 0, offset: 3 })
  })

  test.each([
    [11, 78],
    [4, 5],
  ])('latest, while the past of the epoch is not committed, at version %i: %i (R3)', async (version, errorCode) => {
    partition.highWatermark = 2
    partition.knowsCommitted = false
    expect(await ask(-1, { version })).toMatchObject({ errorCode, offset: -1 })
    expect(await ask(-2, { version })).toMatchObject({ errorCode: 0, offset: 1 })
  })

  test.each([1_700_000_000_000, -3])(
    '%i, that finds nothing yet: who is told "none" goes to the end (R3)',
    async (time) => {
      partition.knowsCommitted = false
      expect(await ask(time)).toMatchObject({ errorCode: 78, offset: -1 })
      partition.timestamps = { errorCode: 0, offset: 2, timestamp: 1_700_000_000_001, leaderEpoch: 4 }
      expect(await ask(time)).toMatchObject({ errorCode: 0, offset: 2 })
      partition.timestamps = null
      partition.knowsCommitted = true
      expect(await ask(time)).toMatchObject({ errorCode: 0, offset: -1 })
    },
  )
})

describe('a debug reader (replica id -2) asks any replica', () => {
  const debug = async (timestamp: number, replicaId = -2) => {
    const topics = [{ name: 'orders', partitions: [{ partitionIndex: 0, timestamp }] }]
    const answer = await bench.ask(listOffsets, api, 11, { replicaId, topics, timeoutMs: 0 }).answer
    return answer?.topics[0]?.partitions[0]
  }
  beforeEach(() => {
    partition.isLeader = false
    partition.addUncommitted(Buffer.alloc(5))
  })

  test('latest is the end of its log, whatever is committed', async () => {
    partition.knowsCommitted = false
    expect(await debug(-1)).toMatchObject({ errorCode: 0, offset: 4, leaderEpoch: 5 })
    expect(await debug(-2)).toMatchObject({ errorCode: 0, offset: 1 })
    expect(await debug(-1, -1)).toMatchObject({ errorCode: 6 })
  })

  test('a replica that is out of use says so, and what it cannot say is refused', async () => {
    expect(await debug(1_700_000_000_000)).toMatchObject({ errorCode: 35 })
    partition.fault = 'broken'
    expect(await debug(-1)).toMatchObject({ errorCode: 56 })
  })
})

// Fetch as consumers ask it: waiting, limits, data in files, whom and what is asked for.
import { fetch as api } from '@castellan/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import type { FakePartition } from '../testing/fake-partition.ts'
import { answersOf, batch, errorsOf, FetchBench, sizes } from '../testing/fetch-bench.ts'
import { topicIdOf } from '../testing/handler-bench.ts'
import { fetch } from './01-fetch.ts'

let bench: FetchBench
beforeEach(() => {
  bench = new FetchBench()
})

test('what is there is answered at once, up to the high watermark', async () => {
  const [p0] = bench.addTopic(1, 'orders')
  p0!.add(batch(10), batch(20))
  p0!.startOffset = 0
  const answer = await bench.fetch([{ partition: 0 }]).answer
  expect(sizes(answer)).toEqual([30])
  expect(answersOf(answer)[0]).toMatchObject({ errorCode: 0, highWatermark: 2, lastStableOffset: 2, logStartOffset: 0 })
})

describe('a long poll', () => {
  test('ends with the first batch that comes', async () => {
    const [p0] = bench.addTopic(1, 'orders')
    const asked = bench.fetch([{ partition: 0 }])
    await bench.clock.advance(100)
    expect(asked.response).toBeUndefined()
    p0!.add(batch(10))
    await bench.clock.turn()
    expect(sizes(asked.response)).toEqual([10])
    expect(p0!.watchers).toBe(0)
    expect(bench.clock.timers).toBe(0)
  })

  test('waits for min bytes', async () => {
    const [p0] = bench.addTopic(1, 'orders')
    const asked = bench.fetch([{ partition: 0 }], { minBytes: 25 })
    p0!.add(batch(10))
    await bench.clock.turn()
    p0!.add(batch(10))
    await bench.clock.turn()
    expect(asked.response).toBeUndefined()
    // What was read in vain is held by nobody meanwhile.
    expect(p0!.unreleased).toBe(0)
    p0!.add(batch(10))
    await bench.clock.turn()
    expect(sizes(asked.response)).toEqual([30])
  })

  test('ends after max wait with what there is', async () => {
    const [p0] = bench.addTopic(1, 'orders', [1, 1])
    p0!.add(batch(10))
    const asked = bench.fetch([{ partition: 0 }, { partition: 1 }], { minBytes: 100 })
    await bench.clock.advance(499)
    expect(asked.response).toBeUndefined()
    await bench.clock.advance(1)
    expect(sizes(asked.response)).toEqual([10, 0])
    expect(p0!.watchers).toBe(0)
  })

  test('does not wait at all with max wait 0', async () => {
    bench.addTopic(1, 'orders')
    expect(sizes(await bench.fetch([{ partition: 0 }], { maxWaitMs: 0 }).answer)).toEqual([0])
  })

  test('ends when leadership goes', async () => {
    const [p0] = bench.addTopic(1, 'orders')
    const asked = bench.fetch([{ partition: 0 }])
    await bench.clock.turn()
    p0!.readError = 6
    p0!.changed()
    await bench.clock.turn()
    expect(errorsOf(asked.response)).toEqual([6])
  })

  test('ends when the connection breaks, and holds nothing', async () => {
    const [p0] = bench.addTopic(1, 'orders')
    p0!.add(batch(10))
    const asked = bench.fetch([{ partition: 0 }], { minBytes: 100, maxWaitMs: 30_000 })
    await bench.clock.turn()
    asked.abandon()
    await asked.answer
    asked.sent()
    expect([p0!.watchers, p0!.unreleased, bench.clock.timers]).toEqual([0, 0, 0])
  })

  test('an error is told at once, whatever min bytes says', async () => {
    bench.addTopic(1, 'orders', [1, 2])
    expect(errorsOf(await bench.fetch([{ partition: 0 }, { partition: 1 }], { minBytes: 100 }).answer)).toEqual([0, 6])
  })
})

describe('limits', () => {
  async function fill(sizesOfBatches: number[][]): Promise<FakePartition[]> {
    const partitions = bench.addTopic(
      1,
      'orders',
      sizesOfBatches.map(() => 1),
    )
    for (const [i, list] of sizesOfBatches.entries()) partitions[i]!.add(...list.map((bytes) => batch(bytes, i)))
    return partitions
  }
  test.each([
    ['max bytes, over partitions in order', [[60, 60], [60]], 130, 1000, [120, 0]],
    ['max bytes leave room for a part of the next', [[60], [60, 60]], 130, 1000, [60, 60]],
    ['partition max bytes', [[60, 60], [60]], 1000, 70, [60, 60]],
    ['the first batch though it is larger than both (KIP-74)', [[500], [10]], 100, 50, [500, 0]],
    ['the first batch there is, also of a later partition', [[], [500], [10]], 100, 50, [0, 500, 0]],
    ['no other batch beyond max bytes', [[60], [500]], 100, 1000, [60, 0]],
  ])('%s', async (_, batches, maxBytes, partitionMaxBytes, expected) => {
    const partitions = await fill(batches)
    const asked = bench.fetch(
      batches.map((_, partition) => ({ partition, partitionMaxBytes })),
      { maxBytes },
    )
    expect(sizes(await asked.answer)).toEqual(expected)
    asked.sent()
    expect(partitions.map(({ unreleased }) => unreleased)).toEqual(partitions.map(() => 0))
  })

  test('fetch.max.bytes, whatever is asked for', async () => {
    bench = new FetchBench({ fetchMaxBytes: 1024 })
    const [p0] = bench.addTopic(1, 'orders')
    p0!.add(batch(600), batch(600))
    expect(sizes(await bench.fetch([{ partition: 0, partitionMaxBytes: 1e9 }], { maxBytes: 1e9 }).answer)).toEqual([
      600,
    ])
  })
})

describe('cold data', () => {
  test('is read off the loop, and the order of partitions stays', async () => {
    const [p0, p1] = bench.addTopic(1, 'orders', [1, 1])
    p0!.isCold = true
    p0!.add(batch(60))
    p1!.add(batch(60))
    expect(sizes(await bench.fetch([{ partition: 0 }, { partition: 1 }], { maxBytes: 100 }).answer)).toEqual([60, 0])
    expect(p0!.reads.map(({ isCold }) => isCold)).toEqual([false, true])
  })

  test('takes time: what another partition got meanwhile is not missed', async () => {
    const [p0, p1] = bench.addTopic(1, 'orders', [1, 1])
    p1!.isCold = true
    p1!.add(batch(10))
    const asked = bench.fetch([{ partition: 0 }, { partition: 1 }], { minBytes: 50 })
    p0!.add(batch(60))
    await bench.clock.turn()
    expect(sizes(asked.response)).toEqual([60, 10])
  })

  test('that arrives after the connection broke is released', async () => {
    const [p0] = bench.addTopic(1, 'orders')
    p0!.isCold = true
    p0!.add(batch(60))
    const asked = bench.fetch([{ partition: 0 }])
    asked.abandon()
    await asked.answer
    asked.sent()
    expect(p0!.unreleased).toBe(0)
  })
})

describe('who and what is asked for', () => {
  test.each([
    ['an unknown topic id', 13, 2, 100],
    ['an unknown partition', 12, 1, 3],
  ])('%s', async (_, version, n, code) => {
    bench.addTopic(1, 'orders')
    const partitions = [{ partition: n === 1 ? 9 : 0, fetchOffset: 0, partitionMaxBytes: 1 }]
    const topics = [{ topic: 'orders', topicId: topicIdOf(n), partitions }]
    const { answer } = bench.ask(fetch, api, version, { maxWaitMs: 0, minBytes: 1, topics })
    expect(errorsOf(await answer)).toEqual([code])
  })

  test('topic ids from version 13', async () => {
    const [p0] = bench.addTopic(1, 'orders')
    p0!.add(batch(5))
    const answer = await bench.fetch([{ partition: 0 }], {}, 13).answer
    expect(answer?.responses[0]).toMatchObject({ topicId: topicIdOf(1) })
    expect(sizes(answer)).toEqual([5])
  })

  test('a follower that does not say which process it is (before version 15): nobody here', async () => {
    bench.addTopic(1, 'orders')
    expect(await bench.fetch([{ partition: 0 }], { replicaId: 2 }, 11).answer).toMatchObject({
      errorCode: 9,
      responses: [],
    })
  })

  test('who leads instead (KIP-951)', async () => {
    bench.addTopic(1, 'orders', [2])
    const answer = await bench.fetch([{ partition: 0 }], {}, 16).answer
    expect(answersOf(answer)[0]?.currentLeader).toEqual({ leaderId: 2, leaderEpoch: 5 })
    expect(answer?.nodeEndpoints).toEqual([{ nodeId: 2, host: 'host-2', port: 9002, rack: 'r2' }])
  })

  test('nothing: answered at once', async () => {
    expect(await bench.fetch([]).answer).toMatchObject({ responses: [] })
  })
})

describe('what a consumer read last', () => {
  test('ended elsewhere here: it is told where (KIP-320)', async () => {
    const [p0] = bench.addTopic(1, 'orders')
    p0!.add(batch(5))
    p0!.endOfEpochs = { epoch: 3, endOffset: 1 }
    const answer = await bench.fetch([{ partition: 0, fetchOffset: 4, lastFetchedEpoch: 4 }]).answer
    expect(answersOf(answer)[0]).toMatchObject({ errorCode: 0, divergingEpoch: { epoch: 3, endOffset: 1 } })
    expect(sizes(answer)).toEqual([0])
  })

  test('came from a later leader: it shall look for that one', async () => {
    const [p0] = bench.addTopic(1, 'orders')
    p0!.add(batch(5))
    expect(errorsOf(await bench.fetch([{ partition: 0, lastFetchedEpoch: 6 }]).answer)).toEqual([75])
  })

  test('agrees with this log: it reads on', async () => {
    const [p0] = bench.addTopic(1, 'orders')
    p0!.add(batch(5))
    p0!.endOfEpochs = { epoch: 4, endOffset: 1 }
    const answer = await bench.fetch([{ partition: 0, lastFetchedEpoch: 4 }]).answer
    expect(answersOf(answer)[0]?.divergingEpoch).toBe(null)
    expect(sizes(answer)).toEqual([5])
  })
})

test('several partitions that change in one turn are read once', async () => {
  const [p0, p1] = bench.addTopic(1, 'orders', [1, 1])
  const asked = bench.fetch([{ partition: 0 }, { partition: 1 }])
  await bench.clock.turn()
  p0!.add(batch(10))
  p1!.add(batch(20))
  await bench.clock.turn()
  expect(sizes(asked.response)).toEqual([10, 20])
  expect(p0!.reads).toHaveLength(2)
})

test('read committed names the aborted transactions: none', async () => {
  const [p0] = bench.addTopic(1, 'orders')
  p0!.add(batch(5))
  expect(
    answersOf(await bench.fetch([{ partition: 0 }], { isolationLevel: 1 }).answer)[0]?.abortedTransactions,
  ).toEqual([])
  expect(answersOf(await bench.fetch([{ partition: 0 }]).answer)[0]?.abortedTransactions).toBe(null)
})

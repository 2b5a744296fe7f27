// Fetch as followers ask it: what is not replicated yet, and what it tells the leader of them.
import type { FetchRequestInput } from '@castellan/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import type { FakePartition } from '../../testing/fake-partition.ts'
import { answersOf, batch, errorsOf, FetchBench, type PartitionInput, sizes } from '../../testing/fetch-bench.ts'

let bench: FetchBench
beforeEach(() => {
  bench = new FetchBench()
})

describe('a follower', () => {
  const replicaState = { replicaId: 2, replicaEpoch: 7 }
  let partitions: FakePartition[]
  beforeEach(() => {
    partitions = bench.addTopic(1, 'orders', [1, 1])
    for (const partition of partitions) partition.followerIds = [2, 3]
  })
  const follow = (asked: PartitionInput[], more: Partial<FetchRequestInput> = {}) =>
    bench.fetch(
      asked.map((one) => ({ currentLeaderEpoch: 5, ...one })),
      { replicaState, ...more },
      18,
    )

  test('reads what is not replicated yet, and is heard', async () => {
    partitions[0]!.addUncommitted(batch(10))
    expect(sizes(await follow([{ partition: 0 }, { partition: 1 }]).answer)).toEqual([10, 0])
    expect(partitions[0]!.fetched).toEqual([{ id: 2, brokerEpoch: 7, offset: 0 }])
    expect(partitions.map(({ watchers }) => watchers)).toEqual([0, 0])
  })

  test('is woken by an append, not by the high watermark, which comes along', async () => {
    const { sessionId } = (await follow([{ partition: 0 }, { partition: 1 }], { sessionEpoch: 0, maxWaitMs: 0 })
      .answer)!
    const asked = follow([], { sessionId: sessionId!, sessionEpoch: 1 })
    await bench.clock.turn()
    const { reads } = partitions[0]!
    const readBefore = reads.length
    partitions[0]!.raiseHighWatermark(3)
    await bench.clock.turn()
    expect([asked.response, reads.length]).toEqual([undefined, readBefore])
    partitions[1]!.addUncommitted(batch(10))
    await bench.clock.turn()
    expect(sizes(asked.response)).toEqual([0, 10])
    expect(answersOf(asked.response)[0]).toMatchObject({ partitionIndex: 0, highWatermark: 3 })
  })

  test('says by an empty fetch that all is where it was', async () => {
    const { sessionId } = (await follow([{ partition: 0 }], { sessionEpoch: 0, maxWaitMs: 0 }).answer)!
    await follow([], { sessionId: sessionId!, sessionEpoch: 1, maxWaitMs: 0 }).answer
    expect(partitions[0]!.fetched).toHaveLength(1)
  })

  test.each<[string, Partial<FakePartition>]>([
    ['leads at this epoch', { leaderEpoch: 4, readError: 76 }],
    ['has this follower', { followerIds: [] }],
  ])(
    'whose question came before this broker knew that it %s, is heard then, though it asks no more',
    async (_, before) => {
      const [partition] = partitions
      Object.assign(partition!, before)
      const opened = await follow([{ partition: 0 }], { sessionEpoch: 0, maxWaitMs: 0 }).answer
      expect(partition!.fetched).toEqual([])
      Object.assign(partition!, { leaderEpoch: 5, readError: 0, followerIds: [2, 3] })
      await follow([], { sessionId: opened!.sessionId!, sessionEpoch: 1, maxWaitMs: 0 }).answer
      await follow([], { sessionId: opened!.sessionId!, sessionEpoch: 2, maxWaitMs: 0 }).answer
      expect(partition!.fetched).toEqual([{ id: 2, brokerEpoch: 7, offset: 0 }])
    },
  )

  test('does not wait when another request stands behind', async () => {
    const asked = follow([{ partition: 0 }], { maxWaitMs: 30_000 })
    await bench.clock.turn()
    asked.followUp()
    await bench.clock.turn()
    expect(sizes(asked.response)).toEqual([0])
    const consumer = bench.fetch([{ partition: 0 }], { maxWaitMs: 30_000 })
    await bench.clock.turn()
    consumer.followUp()
    await bench.clock.turn()
    expect(consumer.response).toBeUndefined()
  })

  test('whose partition this leader does not count as its follower', async () => {
    partitions[0]!.followerIds = [3]
    expect(errorsOf(await follow([{ partition: 0 }]).answer)).toEqual([75])
    expect(partitions[0]!.fetched).toEqual([])
  })

  test('is told to cut only by the leader of its own epoch (R5)', async () => {
    partitions[0]!.add(batch(5))
    partitions[0]!.endOfEpochs = { epoch: 3, endOffset: 1 }
    const asked = { partition: 0, fetchOffset: 4, lastFetchedEpoch: 4 }
    const at = async (currentLeaderEpoch: number) => {
      const answer = await follow([{ ...asked, currentLeaderEpoch }], { maxWaitMs: 0 }).answer
      return answersOf(answer)[0]!.divergingEpoch
    }
    expect([await at(5), await at(4), await at(6)]).toEqual([{ epoch: 3, endOffset: 1 }, null, null])
  })

  test('has one session: another one, also of its next process, ends it; a late one of an earlier process does not', async () => {
    const open = async (replicaEpoch: number) =>
      (await follow([{ partition: 0 }], {
        sessionEpoch: 0,
        maxWaitMs: 0,
        replicaState: { replicaId: 2, replicaEpoch },
      }).answer)!.sessionId!
    const first = await open(7)
    const second = await open(8)
    expect(await open(7)).toBe(0)
    const on = (sessionId: number, replicaEpoch: number) =>
      follow([], { sessionId, sessionEpoch: 1, maxWaitMs: 0, replicaState: { replicaId: 2, replicaEpoch } }).answer
    expect(await on(first, 7)).toMatchObject({ errorCode: 70 })
    expect(await on(second, 7)).toMatchObject({ errorCode: 70 })
    expect(await bench.fetch([], { sessionId: second, sessionEpoch: 1 }).answer).toMatchObject({ errorCode: 70 })
    expect(await on(second, 8)).toMatchObject({ sessionId: second })
    expect(partitions[0]!.left).toContain(2)
  })

  test('is not heard any more by a session that is over, though its last fetch is answered later (issue 5, seed 1125)', async () => {
    partitions[0]!.add(batch(10))
    partitions[0]!.isCold = true
    const first = follow([{ partition: 0 }, { partition: 1 }], { sessionEpoch: 0 })
    const second = follow([{ partition: 1, fetchOffset: 1 }], { sessionEpoch: 0, maxWaitMs: 0 })
    await Promise.all([first.answer, second.answer])
    expect(partitions[1]!.fetched.map(({ offset }) => offset)).toEqual([0, 1])
  })
})

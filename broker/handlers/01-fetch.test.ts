import { fetch as api, type FetchRequestInput, type FetchResponseInput } from '@castellan/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import type { FakePartition } from '../testing/fake-partition.ts'
import { HandlerBench, topicIdOf } from '../testing/handler-bench.ts'
import { fetch } from './01-fetch.ts'

const batch = (bytes: number, fill = 1) => Buffer.alloc(bytes, fill)
let bench: HandlerBench
beforeEach(() => {
  bench = new HandlerBench()
})

type PartitionInput = { partition: number } & Partial<FetchRequestInput['topics'][number]['partitions'][number]>

function ask(partitions: PartitionInput[], more: Partial<FetchRequestInput> = {}, version = 12) {
  const asked = partitions.map((one) => ({ fetchOffset: 0, partitionMaxBytes: 1000, ...one }))
  const topics = [{ topic: 'orders', topicId: topicIdOf(1), partitions: asked }]
  return bench.ask(fetch, api, version, { maxWaitMs: 500, minBytes: 1, topics, ...more })
}

const answersOf = (response: FetchResponseInput | null | undefined) => response?.responses[0]?.partitions ?? []
const sizes = (response: FetchResponseInput | null | undefined) =>
  answersOf(response).map(({ records }) => (records as Uint8Array[]).reduce((sum, { length }) => sum + length, 0))
const errorsOf = (response: FetchResponseInput | null | undefined) =>
  answersOf(response).map(({ errorCode }) => errorCode)

test('what is there is answered at once, up to the high watermark', async () => {
  const [p0] = bench.addTopic(1, 'orders')
  p0!.add(batch(10), batch(20))
  p0!.startOffset = 0
  const answer = await ask([{ partition: 0 }]).answer
  expect(sizes(answer)).toEqual([30])
  expect(answersOf(answer)[0]).toMatchObject({ errorCode: 0, highWatermark: 2, lastStableOffset: 2, logStartOffset: 0 })
})

describe('a long poll', () => {
  test('ends with the first batch that comes', async () => {
    const [p0] = bench.addTopic(1, 'orders')
    const asked = ask([{ partition: 0 }])
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
    const asked = ask([{ partition: 0 }], { minBytes: 25 })
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
    const asked = ask([{ partition: 0 }, { partition: 1 }], { minBytes: 100 })
    await bench.clock.advance(499)
    expect(asked.response).toBeUndefined()
    await bench.clock.advance(1)
    expect(sizes(asked.response)).toEqual([10, 0])
    expect(p0!.watchers).toBe(0)
  })

  test('does not wait at all with max wait 0', async () => {
    bench.addTopic(1, 'orders')
    expect(sizes(await ask([{ partition: 0 }], { maxWaitMs: 0 }).answer)).toEqual([0])
  })

  test('ends when leadership goes', async () => {
    const [p0] = bench.addTopic(1, 'orders')
    const asked = ask([{ partition: 0 }])
    await bench.clock.turn()
    p0!.readError = 6
    p0!.changed()
    await bench.clock.turn()
    expect(errorsOf(asked.response)).toEqual([6])
  })

  test('ends when the connection breaks, and holds nothing', async () => {
    const [p0] = bench.addTopic(1, 'orders')
    p0!.add(batch(10))
    const asked = ask([{ partition: 0 }], { minBytes: 100, maxWaitMs: 30_000 })
    await bench.clock.turn()
    asked.abandon()
    await asked.answer
    asked.sent()
    expect([p0!.watchers, p0!.unreleased, bench.clock.timers]).toEqual([0, 0, 0])
  })

  test('an error is told at once, whatever min bytes says', async () => {
    bench.addTopic(1, 'orders', [1, 2])
    expect(errorsOf(await ask([{ partition: 0 }, { partition: 1 }], { minBytes: 100 }).answer)).toEqual([0, 6])
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
    const asked = ask(
      batches.map((_, partition) => ({ partition, partitionMaxBytes })),
      { maxBytes },
    )
    expect(sizes(await asked.answer)).toEqual(expected)
    asked.sent()
    expect(partitions.map(({ unreleased }) => unreleased)).toEqual(partitions.map(() => 0))
  })

  test('fetch.max.bytes, whatever is asked for', async () => {
    bench = new HandlerBench({ fetchMaxBytes: 1024 })
    const [p0] = bench.addTopic(1, 'orders')
    p0!.add(batch(600), batch(600))
    expect(sizes(await ask([{ partition: 0, partitionMaxBytes: 1e9 }], { maxBytes: 1e9 }).answer)).toEqual([600])
  })
})

describe('cold data', () => {
  test('is read off the loop, and the order of partitions stays', async () => {
    const [p0, p1] = bench.addTopic(1, 'orders', [1, 1])
    p0!.isCold = true
    p0!.add(batch(60))
    p1!.add(batch(60))
    expect(sizes(await ask([{ partition: 0 }, { partition: 1 }], { maxBytes: 100 }).answer)).toEqual([60, 0])
    expect(p0!.reads.map(({ isCold }) => isCold)).toEqual([false, true])
  })

  test('takes time: what another partition got meanwhile is not missed', async () => {
    const [p0, p1] = bench.addTopic(1, 'orders', [1, 1])
    p1!.isCold = true
    p1!.add(batch(10))
    const asked = ask([{ partition: 0 }, { partition: 1 }], { minBytes: 50 })
    p0!.add(batch(60))
    await bench.clock.turn()
    expect(sizes(asked.response)).toEqual([60, 10])
  })

  test('that arrives after the connection broke is released', async () => {
    const [p0] = bench.addTopic(1, 'orders')
    p0!.isCold = true
    p0!.add(batch(60))
    const asked = ask([{ partition: 0 }])
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
    const answer = await ask([{ partition: 0 }], {}, 13).answer
    expect(answer?.responses[0]).toMatchObject({ topicId: topicIdOf(1) })
    expect(sizes(answer)).toEqual([5])
  })

  test('a follower that does not say which process it is (before version 15): nobody here', async () => {
    bench.addTopic(1, 'orders')
    expect(await ask([{ partition: 0 }], { replicaId: 2 }, 11).answer).toMatchObject({ errorCode: 9, responses: [] })
  })

  test('who leads instead (KIP-951)', async () => {
    bench.addTopic(1, 'orders', [2])
    const answer = await ask([{ partition: 0 }], {}, 16).answer
    expect(answersOf(answer)[0]?.currentLeader).toEqual({ leaderId: 2, leaderEpoch: 5 })
    expect(answer?.nodeEndpoints).toEqual([{ nodeId: 2, host: 'host-2', port: 9002, rack: 'r2' }])
  })

  test('nothing: answered at once', async () => {
    expect(await ask([]).answer).toMatchObject({ responses: [] })
  })
})

describe('a session (KIP-227)', () => {
  const open = async (n = 2, more: Partial<FetchRequestInput> = {}) => {
    const partitions = bench.addTopic(
      1,
      'orders',
      Array.from({ length: n }, () => 1),
    )
    const all = partitions.map((_, partition) => ({ partition }))
    const answer = await ask(all, { sessionEpoch: 0, maxWaitMs: 0, ...more }).answer
    const sessionId = answer!.sessionId!
    let sessionEpoch = 0
    /** Asks on: for what changed. */
    const on = (asked: PartitionInput[], more: Partial<FetchRequestInput> = {}) => {
      sessionEpoch++
      return ask(asked, { sessionId, sessionEpoch, ...more })
    }
    return { partitions, answer, sessionId, on }
  }
  const told = (response: FetchResponseInput | null | undefined) =>
    answersOf(response).map(({ partitionIndex, highWatermark }) => [partitionIndex, highWatermark])

  test('begins with everything, and goes on with what changed', async () => {
    const { partitions, answer, sessionId, on } = await open(3)
    expect(sessionId).toBeGreaterThan(0)
    expect(told(answer)).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
    ])
    const asked = on([])
    await bench.clock.advance(100)
    expect(asked.response).toBeUndefined()
    partitions[1]!.add(batch(10))
    await bench.clock.turn()
    expect(told(asked.response)).toEqual([[1, 1]])
    expect(asked.response?.sessionId).toBe(sessionId)
    expect(sizes(await on([{ partition: 1, fetchOffset: 1 }], { maxWaitMs: 0 }).answer)).toEqual([])
    expect(partitions[0]!.reads).toHaveLength(1)
  })

  test('what was not taken is answered again, until the reader asks on', async () => {
    const { partitions, on } = await open(1)
    partitions[0]!.add(batch(10))
    expect(sizes(await on([]).answer)).toEqual([10])
    expect(sizes(await on([]).answer)).toEqual([10])
    expect(sizes(await on([{ partition: 0, fetchOffset: 1 }], { maxWaitMs: 0 }).answer)).toEqual([])
  })

  test('all get their turn when not all fits', async () => {
    const { partitions, on } = await open(3)
    for (const partition of partitions) partition.add(batch(60), batch(60), batch(60))
    const turns: (number | undefined)[] = []
    const offsets = [0, 0, 0]
    let asked: PartitionInput[] = []
    for (let i = 0; i < 6; i++) {
      const answer = await on(asked, { maxBytes: 60 }).answer
      const [given] = answersOf(answer).filter(({ records }) => (records as Uint8Array[]).length > 0)
      turns.push(given?.partitionIndex)
      offsets[given!.partitionIndex]!++
      asked = [{ partition: given!.partitionIndex, fetchOffset: offsets[given!.partitionIndex]! }]
    }
    expect(turns).toEqual([0, 1, 2, 0, 1, 2])
  })

  test('adds and forgets partitions', async () => {
    const { partitions, on } = await open(3)
    const forgottenTopicsData = [{ topic: 'orders', topicId: topicIdOf(1), partitions: [0, 2] }]
    const asked = on([], { forgottenTopicsData })
    partitions[0]!.add(batch(10))
    partitions[2]!.add(batch(10))
    await bench.clock.turn()
    expect(asked.response).toBeUndefined()
    expect(partitions.map(({ watchers }) => watchers)).toEqual([0, 1, 0])
    await bench.clock.advance(500)
    expect(told(asked.response)).toEqual([])
    expect(sizes(await on([{ partition: 2 }]).answer)).toEqual([10])
  })

  test('what is forgotten is not answered, though there was news of it', async () => {
    const { partitions, on } = await open(2)
    partitions[0]!.add(batch(10))
    const forgottenTopicsData = [{ topic: 'orders', topicId: topicIdOf(1), partitions: [0] }]
    expect(told(await on([], { forgottenTopicsData, maxWaitMs: 0 }).answer)).toEqual([])
  })

  test('what is forgotten while others are read from cold files stays forgotten (issue 5, seed 1029)', async () => {
    const { partitions, on } = await open(3)
    partitions[1]!.isCold = true
    for (const partition of partitions) partition.add(batch(10))
    const readBefore = partitions[2]!.reads.length
    const asked = on([])
    // Read: 0. Being read: 1. To be read: 2.
    const forgottenTopicsData = [{ topic: 'orders', topicId: topicIdOf(1), partitions: [0, 2] }]
    const behind = on([], { forgottenTopicsData, maxWaitMs: 0 })
    await Promise.all([asked.answer, behind.answer])
    expect(partitions[2]!.reads).toHaveLength(readBefore)
    const answer = await on([{ partition: 0, fetchOffset: 1 }], { maxWaitMs: 0 }).answer
    expect(told(answer)).toEqual([
      [1, 1],
      [0, 1],
    ])
    expect(answersOf(answer).map(({ records }) => (records as Uint8Array[]).length)).toEqual([1, 0])
    expect(partitions.map(({ watchers }) => watchers)).toEqual([1, 1, 0])
  })

  test('what comes while others are read from cold files is not missed', async () => {
    const { partitions, on } = await open(2)
    partitions[1]!.isCold = true
    partitions[1]!.add(batch(10))
    const asked = on([], { minBytes: 50 })
    partitions[0]!.add(batch(60))
    await bench.clock.turn()
    expect(sizes(asked.response)).toEqual([60, 10])
  })

  test('a topic that is made again under its name is found', async () => {
    const [p0] = bench.addTopic(1, 'orders')
    const { sessionId } = (await ask([{ partition: 0 }], { sessionEpoch: 0, maxWaitMs: 0 }).answer)!
    const on = (sessionEpoch: number) => ask([], { sessionId: sessionId!, sessionEpoch, maxWaitMs: 0 }).answer
    p0!.readError = 6
    p0!.changed()
    expect(errorsOf(await on(1))).toEqual([6])
    const [again] = bench.addTopic(2, 'orders')
    again!.add(batch(10))
    expect(sizes(await on(2))).toEqual([10])
    expect([p0!.watchers, again!.watchers]).toEqual([0, 1])
  })

  test('an error is told with each answer, and what was lost may come back', async () => {
    const [p0] = bench.addTopic(1, 'orders')
    p0!.readError = 6
    const answer = await ask([{ partition: 0 }], { sessionEpoch: 0 }).answer
    const { sessionId } = answer!
    expect(errorsOf(answer)).toEqual([6])
    expect(errorsOf(await ask([], { sessionId: sessionId!, sessionEpoch: 1 }).answer)).toEqual([6])
    p0!.readError = 0
    const asked = ask([], { sessionId: sessionId!, sessionEpoch: 2 })
    p0!.add(batch(10))
    await bench.clock.turn()
    expect(sizes(asked.response)).toEqual([10])
  })

  test.each<[string, Partial<FetchRequestInput>, number]>([
    ['an id that nobody has', { sessionId: 5, sessionEpoch: 1 }, 70],
    ['no id', { sessionId: 0, sessionEpoch: 1 }, 70],
    ['an epoch that is not the next', { sessionEpoch: 2 }, 71],
  ])('%s is refused', async (_, more, errorCode) => {
    const { sessionId } = await open(1)
    expect(await ask([], { sessionId, ...more }).answer).toMatchObject({ errorCode })
  })

  test('ends when its reader begins anew, or asks without', async () => {
    const { partitions, sessionId } = await open(1)
    for (const sessionEpoch of [0, -1]) {
      const answer = await ask([{ partition: 0 }], { sessionId, sessionEpoch, maxWaitMs: 0 }).answer
      expect(answer?.sessionId === 0).toBe(sessionEpoch === -1)
      expect(await ask([], { sessionId, sessionEpoch: 1 }).answer).toMatchObject({ errorCode: 70 })
    }
    expect(partitions[0]!.watchers).toBe(1)
  })

  test('a second fetch of it ends the wait of the first', async () => {
    const { on } = await open(1)
    const first = on([])
    await bench.clock.turn()
    const second = on([])
    await bench.clock.turn()
    expect([first.response?.responses, second.response]).toEqual([[], undefined])
  })

  test('there are so many; idle ones make room, and who gets none goes on without', async () => {
    bench.addTopic(1, 'orders')
    const ids = new Set<number>()
    const more = { sessionEpoch: 0, maxWaitMs: 0 }
    for (let i = 0; i < 1_000; i++) ids.add((await ask([{ partition: 0 }], more).answer)!.sessionId!)
    expect([ids.size, ids.has(0)]).toEqual([1_000, false])
    expect((await ask([{ partition: 0 }], more).answer)!.sessionId).toBe(0)
    await bench.clock.advance(120_000)
    expect((await ask([{ partition: 0 }], more).answer)!.sessionId).toBeGreaterThan(0)
    expect([bench.parts.fetchSessions.count, bench.parts.fetchSessions.slots]).toEqual([1, 1])
  })
})

describe('a follower', () => {
  const replicaState = { replicaId: 2, replicaEpoch: 7 }
  let partitions: FakePartition[]
  beforeEach(() => {
    partitions = bench.addTopic(1, 'orders', [1, 1])
    for (const partition of partitions) partition.followerIds = [2, 3]
  })
  const follow = (asked: PartitionInput[], more: Partial<FetchRequestInput> = {}) =>
    ask(
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
    const consumer = ask([{ partition: 0 }], { maxWaitMs: 30_000 })
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
    expect(await ask([], { sessionId: second, sessionEpoch: 1 }).answer).toMatchObject({ errorCode: 70 })
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

describe('what a consumer read last', () => {
  test('ended elsewhere here: it is told where (KIP-320)', async () => {
    const [p0] = bench.addTopic(1, 'orders')
    p0!.add(batch(5))
    p0!.endOfEpochs = { epoch: 3, endOffset: 1 }
    const answer = await ask([{ partition: 0, fetchOffset: 4, lastFetchedEpoch: 4 }]).answer
    expect(answersOf(answer)[0]).toMatchObject({ errorCode: 0, divergingEpoch: { epoch: 3, endOffset: 1 } })
    expect(sizes(answer)).toEqual([0])
  })

  test('came from a later leader: it shall look for that one', async () => {
    const [p0] = bench.addTopic(1, 'orders')
    p0!.add(batch(5))
    expect(errorsOf(await ask([{ partition: 0, lastFetchedEpoch: 6 }]).answer)).toEqual([75])
  })

  test('agrees with this log: it reads on', async () => {
    const [p0] = bench.addTopic(1, 'orders')
    p0!.add(batch(5))
    p0!.endOfEpochs = { epoch: 4, endOffset: 1 }
    const answer = await ask([{ partition: 0, lastFetchedEpoch: 4 }]).answer
    expect(answersOf(answer)[0]?.divergingEpoch).toBe(null)
    expect(sizes(answer)).toEqual([5])
  })
})

test('several partitions that change in one turn are read once', async () => {
  const [p0, p1] = bench.addTopic(1, 'orders', [1, 1])
  const asked = ask([{ partition: 0 }, { partition: 1 }])
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
  expect(answersOf(await ask([{ partition: 0 }], { isolationLevel: 1 }).answer)[0]?.abortedTransactions).toEqual([])
  expect(answersOf(await ask([{ partition: 0 }]).answer)[0]?.abortedTransactions).toBe(null)
})

describe('old data, while the memory for answers is used up', () => {
  const KiB = 1024
  const old = (...sizes: number[]) => {
    const partitions = bench.addTopic(
      1,
      'orders',
      sizes.map(() => 1),
    )
    partitions.forEach((partition, i) => {
      partition.add(batch(sizes[i]!))
      partition.isCold = true
    })
    return partitions
  }
  const partitionMaxBytes = 2_000 * KiB
  const all = (n: number) => Array.from({ length: n }, (_, partition) => ({ partition, partitionMaxBytes }))
  /** Another answer has it, until this is called. */
  const useUp = () => {
    const room = bench.parts.responseMemory.room()
    expect(room.take(1024 * KiB, 1024 * KiB)).toBeGreaterThan(0)
    return () => room.giveBack()
  }
  beforeEach(() => {
    bench = new HandlerBench({ queuedMaxResponseBytes: 1024 * KiB })
  })

  test('is waited for in turn, beyond max wait too; the memory goes back when the answer has left', async () => {
    old(100 * KiB)
    const { responseMemory } = bench.parts
    const giveBack = useUp()
    const asked = [ask(all(1), { maxWaitMs: 10 }), ask(all(1), { maxWaitMs: 0 })]
    await bench.clock.advance(5_000)
    expect([asked[0]!.response, asked[1]!.response, responseMemory.waiting]).toEqual([undefined, undefined, 2])
    giveBack()
    await bench.clock.turn()
    expect(sizes(asked[0]!.response)).toEqual([100 * KiB])
    expect([asked[1]!.response, responseMemory.waiting]).toEqual([undefined, 1]) // it would be a mebibyte
    asked[0]!.sent()
    await bench.clock.turn()
    expect(sizes(asked[1]!.response)).toEqual([100 * KiB])
    asked[1]!.sent()
    expect(responseMemory.usedBytes).toBe(0)
  })

  test('is left out when there is something else to answer, at once', async () => {
    const [p0, p1] = old(100, 100 * KiB)
    p0!.isCold = false
    useUp()
    expect(sizes(await ask(all(2), { minBytes: 1000 }).answer)).toEqual([100, 0])
    p0!.readError = 6
    expect(errorsOf(await ask(all(2)).answer)).toEqual([6, 0])
    expect(p1!.unreleased).toBe(0)
  })

  test('does not hold up who reads recent data', async () => {
    const [p0] = old(100)
    useUp()
    const waiting = ask(all(1))
    await bench.clock.turn()
    p0!.isCold = false
    expect(sizes(await ask(all(1)).answer)).toEqual([100])
    expect(waiting.response).toBeUndefined()
  })

  test('is not waited for when the connection breaks, or holds answers behind it', async () => {
    const [p0] = old(100)
    useUp()
    const asked = ask(all(1), { maxWaitMs: 30_000 })
    await bench.clock.turn()
    expect(bench.parts.responseMemory.waiting).toBe(1)
    asked.abandon()
    expect(sizes(await asked.answer)).toEqual([0])
    expect([bench.parts.responseMemory.waiting, p0!.watchers, bench.clock.timers]).toEqual([0, 0, 0])
  })

  test('and what is too little for min bytes is not held while more is waited for', async () => {
    old(100)
    const asked = ask(all(1), { minBytes: 1000 })
    await bench.clock.turn()
    expect([asked.response, bench.parts.responseMemory.usedBytes]).toEqual([undefined, 0])
    await bench.clock.advance(500)
    expect(sizes(asked.response)).toEqual([100])
    expect(bench.parts.responseMemory.usedBytes).toBeGreaterThan(0)
  })
})

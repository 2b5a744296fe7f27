// Fetch sessions (KIP-227): what is told when, what is kept and forgotten, and when one ends.
import type { FetchRequestInput, FetchResponseInput } from '@castellan/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import { answersOf, batch, errorsOf, FetchBench, type PartitionInput, sizes } from '../../testing/fetch-bench.ts'
import { topicIdOf } from '../../testing/handler-bench.ts'

let bench: FetchBench
beforeEach(() => {
  bench = new FetchBench()
})

describe('a session (KIP-227)', () => {
  const open = async (n = 2, more: Partial<FetchRequestInput> = {}) => {
    const partitions = bench.addTopic(
      1,
      'orders',
      Array.from({ length: n }, () => 1),
    )
    const all = partitions.map((_, partition) => ({ partition }))
    const answer = await bench.fetch(all, { sessionEpoch: 0, maxWaitMs: 0, ...more }).answer
    const sessionId = answer!.sessionId!
    let sessionEpoch = 0
    /** Asks on: for what changed. */
    const on = (asked: PartitionInput[], more: Partial<FetchRequestInput> = {}) => {
      sessionEpoch++
      return bench.fetch(asked, { sessionId, sessionEpoch, ...more })
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
    const { sessionId } = (await bench.fetch([{ partition: 0 }], { sessionEpoch: 0, maxWaitMs: 0 }).answer)!
    const on = (sessionEpoch: number) => bench.fetch([], { sessionId: sessionId!, sessionEpoch, maxWaitMs: 0 }).answer
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
    const answer = await bench.fetch([{ partition: 0 }], { sessionEpoch: 0 }).answer
    const { sessionId } = answer!
    expect(errorsOf(answer)).toEqual([6])
    expect(errorsOf(await bench.fetch([], { sessionId: sessionId!, sessionEpoch: 1 }).answer)).toEqual([6])
    p0!.readError = 0
    const asked = bench.fetch([], { sessionId: sessionId!, sessionEpoch: 2 })
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
    expect(await bench.fetch([], { sessionId, ...more }).answer).toMatchObject({ errorCode })
  })

  test('ends when its reader begins anew, or asks without', async () => {
    const { partitions, sessionId } = await open(1)
    for (const sessionEpoch of [0, -1]) {
      const answer = await bench.fetch([{ partition: 0 }], { sessionId, sessionEpoch, maxWaitMs: 0 }).answer
      expect(answer?.sessionId === 0).toBe(sessionEpoch === -1)
      expect(await bench.fetch([], { sessionId, sessionEpoch: 1 }).answer).toMatchObject({ errorCode: 70 })
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
    for (let i = 0; i < 1_000; i++) ids.add((await bench.fetch([{ partition: 0 }], more).answer)!.sessionId!)
    expect([ids.size, ids.has(0)]).toEqual([1_000, false])
    expect((await bench.fetch([{ partition: 0 }], more).answer)!.sessionId).toBe(0)
    await bench.clock.advance(120_000)
    expect((await bench.fetch([{ partition: 0 }], more).answer)!.sessionId).toBeGreaterThan(0)
    expect([bench.parts.fetchSessions.count, bench.parts.fetchSessions.slots]).toEqual([1, 1])
  })
})

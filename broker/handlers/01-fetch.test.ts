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

  test('a follower, while there is no replication', async () => {
    bench.addTopic(1, 'orders')
    expect(errorsOf(await ask([{ partition: 0 }], { replicaId: 2 }, 11).answer)).toEqual([9])
    const replicaState = { replicaId: 2, replicaEpoch: 1 }
    expect(errorsOf(await ask([{ partition: 0 }], { replicaState }, 17).answer)).toEqual([9])
  })

  test('who leads instead (KIP-951)', async () => {
    bench.addTopic(1, 'orders', [2])
    const answer = await ask([{ partition: 0 }], {}, 16).answer
    expect(answersOf(answer)[0]?.currentLeader).toEqual({ leaderId: 2, leaderEpoch: 5 })
    expect(answer?.nodeEndpoints).toEqual([{ nodeId: 2, host: 'host-2', port: 9002, rack: 'r2' }])
  })

  test('a session: id 0 is answered, so the client goes on with full fetches', async () => {
    bench.addTopic(1, 'orders')
    const answer = await ask([{ partition: 0 }], { sessionEpoch: 0, maxWaitMs: 0 }).answer
    expect(answer?.sessionId ?? 0).toBe(0)
    expect(errorsOf(answer)).toEqual([0])
    expect(await ask([], { sessionId: 5, sessionEpoch: 1 }).answer).toMatchObject({ errorCode: 70 })
    expect(await ask([], { sessionId: 0, sessionEpoch: 1 }).answer).toMatchObject({ errorCode: 70 })
  })

  test('nothing: answered at once', async () => {
    expect(await ask([]).answer).toMatchObject({ responses: [{ partitions: [] }] })
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

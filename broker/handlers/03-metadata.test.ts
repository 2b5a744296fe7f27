import { metadata as api, type MetadataRequestInput, zeroUuid } from '@castellan/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import { Metadata } from '../castle/metadata.ts'
import { doubtMs } from '../replication/fetchers.ts'
import { HandlerBench, topicIdOf } from '../testing/handler-bench.ts'
import { metadata, momentMs } from './03-metadata.ts'

let bench: HandlerBench
beforeEach(() => {
  bench = new HandlerBench()
  bench.addTopic(1, 'orders', [1, 2])
  bench.addTopic(2, '__consumer_offsets', [1], { internal: true })
})

async function ask(topics: MetadataRequestInput['topics'], version = 13) {
  const { answer } = bench.ask(metadata, api, version, { topics })
  await bench.clock.advance(momentMs)
  return answer
}

test('the living brokers, the cluster, and a broker as controller', async () => {
  expect(await ask([])).toMatchObject({
    brokers: [
      { nodeId: 1, host: 'host-1', port: 9001, rack: null },
      { nodeId: 2, host: 'host-2', port: 9002, rack: 'r2' },
    ],
    clusterId: 'default',
    controllerId: 1,
    topics: [],
  })
})

describe('which topics', () => {
  test.each([
    ['null: all', 13, null, ['orders', '__consumer_offsets']],
    ['an empty list: none', 13, [], []],
    ['an empty list at version 0: all', 0, [], ['orders', '__consumer_offsets']],
    ['by name', 13, [{ name: 'orders' }], ['orders']],
    ['by id', 13, [{ name: null, topicId: topicIdOf(1) }], ['orders']],
  ])('%s', async (_, version, topics, names) => {
    const answer = await ask(topics, version)
    expect(answer?.topics.map(({ name }) => name)).toEqual(names)
    expect(answer?.topics.map(({ errorCode }) => errorCode)).toEqual(names.map(() => 0))
  })

  test.each([
    ['an unknown name, which makes no topic', { name: 'nothing' }, 3],
    ['a name that no topic can have', { name: 'no/topic' }, 17],
    ['an unknown id', { name: null, topicId: topicIdOf(9) }, 100],
  ])('%s', async (_, topic, errorCode) => {
    expect((await ask([topic]))?.topics).toMatchObject([{ errorCode, partitions: [] }])
    expect(bench.calls).toEqual([])
  })
})

test('a topic that this broker remembers, and a Castle whose store went back does not know yet, is asked for again', async () => {
  bench.awaited.add('letters')
  const answer = await ask([{ name: 'letters' }, { name: 'nothing' }])
  expect(answer?.topics.map(({ errorCode }) => errorCode)).toEqual([5, 3])
})

test('partitions: who leads at which epoch, and which replicas are away', async () => {
  bench.metadata.setTopic({
    topicId: topicIdOf(3),
    name: 'wide',
    deleted: false,
    internal: false,
    ackLevel: -1,
    configs: {},
    partitions: [
      { leader: 2, leaderEpoch: 7, partitionEpoch: 1, replicas: [2, 3], isr: [2] },
      { leader: -1, leaderEpoch: 8, partitionEpoch: 2, replicas: [3], isr: [3] },
      { leader: 3, leaderEpoch: 9, partitionEpoch: 2, replicas: [3], isr: [3] },
    ],
  })
  const answer = await ask([{ name: 'wide' }])
  expect(answer?.topics[0]).toMatchObject({ topicId: topicIdOf(3), isInternal: false })
  expect(answer?.topics[0]?.partitions).toEqual([
    {
      errorCode: 0,
      partitionIndex: 0,
      leaderId: 2,
      leaderEpoch: 7,
      replicaNodes: [2, 3],
      isrNodes: [2],
      offlineReplicas: [3],
    },
    {
      errorCode: 5,
      partitionIndex: 1,
      leaderId: -1,
      leaderEpoch: 8,
      replicaNodes: [3],
      isrNodes: [3],
      offlineReplicas: [3],
    },
    {
      errorCode: 5,
      partitionIndex: 2,
      leaderId: -1,
      leaderEpoch: 9,
      replicaNodes: [3],
      isrNodes: [3],
      offlineReplicas: [3],
    },
  ])
})

test('what a client may do, for those that ask: everything', async () => {
  const wanted = { includeTopicAuthorizedOperations: true, includeClusterAuthorizedOperations: true }
  const asked = bench.ask(metadata, api, 8, { topics: [{ name: 'orders' }, { name: 'nothing' }], ...wanted })
  await bench.clock.advance(momentMs)
  const answer = await asked.answer
  expect(answer?.topics.map((topic) => topic.topicAuthorizedOperations)).toEqual([3576, -2_147_483_648])
  expect(answer?.clusterAuthorizedOperations).toBe(8096)
  expect((await ask([{ name: 'orders' }], 8))?.topics[0]?.topicAuthorizedOperations).toBe(-2_147_483_648)
})

test('before Castle has spoken: this broker alone, and topics that may come', async () => {
  Object.assign(bench.parts, { metadata: new Metadata(bench.clock) })
  expect(await ask([{ name: 'orders' }])).toMatchObject({
    brokers: [{ nodeId: 1, host: '127.0.0.1', port: 9092 }],
    controllerId: 1,
    topics: [{ errorCode: 5, name: 'orders', topicId: zeroUuid, partitions: [] }],
  })
})

test('a broker that Castle counts as dead names another as controller', async () => {
  bench.setBrokers(2)
  expect((await ask([]))?.controllerId).toBe(2)
})

describe('a leader that this broker has just lost', () => {
  beforeEach(() => bench.leadersInDoubt.add(2))

  test('is not named before Castle has spoken: the answer waits, and names the new one', async () => {
    const asked = bench.ask(metadata, api, 13, { topics: [{ name: 'orders' }] })
    await bench.clock.advance(momentMs)
    expect(asked.response).toBeUndefined()
    bench.setBrokers(1)
    await bench.clock.advance(1)
    expect(asked.response).toBeUndefined()
    bench.addTopic(1, 'orders', [1, 1])
    await bench.clock.turn()
    expect((await asked.answer)?.topics[0]?.partitions.map(({ leaderId }) => leaderId)).toEqual([1, 1])
  })

  test('is named after a second all the same: a way may be broken, and not the broker', async () => {
    const asked = bench.ask(metadata, api, 13, { topics: null })
    await bench.clock.advance(momentMs + doubtMs - 1)
    expect(asked.response).toBeUndefined()
    await bench.clock.advance(1)
    expect((await asked.answer)?.topics[0]?.partitions.map(({ leaderId }) => leaderId)).toEqual([1, 2])
  })

  test('holds up nobody who asks of other topics, and no connection that breaks', async () => {
    expect(await ask([{ name: '__consumer_offsets' }])).toMatchObject({ topics: [{ errorCode: 0 }] })
    const asked = bench.ask(metadata, api, 13, { topics: null })
    asked.abandon()
    expect(await asked.answer).toBeTruthy()
  })
})

describe('a leader that dies as a client asks', () => {
  test.each([
    ['heard of by this broker a moment after its client: the answer waits for Castle', momentMs - 1, [1, 1]],
    ['heard of later than that: is named', momentMs + 1, [1, 2]],
  ])('%s', async (_, heardMs, leaders) => {
    const asked = bench.ask(metadata, api, 13, { topics: [{ name: 'orders' }] })
    await bench.clock.advance(heardMs)
    bench.leadersInDoubt.add(2)
    await bench.clock.advance(momentMs)
    bench.addTopic(1, 'orders', [1, 1])
    await bench.clock.turn()
    expect((await asked.answer)?.topics[0]?.partitions.map(({ leaderId }) => leaderId)).toEqual(leaders)
  })

  test('is waited for only where another broker leads', async () => {
    const asked = bench.ask(metadata, api, 13, { topics: [{ name: '__consumer_offsets' }] })
    expect((await asked.answer)?.topics).toHaveLength(1)
  })

  test('is among the brokers for a while, and leads nothing', async () => {
    const [, dead] = bench.metadata.cluster!.brokers
    bench.gone.push(dead!)
    bench.setBrokers(1)
    const answer = await ask([{ name: 'orders' }])
    expect(answer).toMatchObject({ controllerId: 1, brokers: [{ nodeId: 1 }, { nodeId: 2, port: 9002 }] })
    expect(answer?.topics[0]?.partitions.map(({ leaderId, errorCode }) => [leaderId, errorCode])).toEqual([
      [1, 0],
      [-1, 5],
    ])
  })
})

// A producer whose leader dies, hangs or moves: it goes on as soon as Castle has named another, whatever the old one does.
import { apiVersions, errors, initProducerId, metadata, produce } from '@castellan/protocol'
import { nodeRuntime, silentLogger } from '@castellan/protocol/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { KafkaClient } from '../kafka/client.ts'
import type { ClusterView, PartitionView } from '../kafka/view.ts'
import { FakeBroker } from '../testing/fake-broker.ts'
import { FakeLog } from '../testing/fake-log.ts'
import { producerOptions } from './options.ts'
import { Producer } from './producer.ts'
import { PartitionQueue, TopicQueues } from './queue.ts'

const topicId = '00000000-0000-4000-8000-00000000000a'
const otherTopicId = '00000000-0000-4000-8000-00000000000b'
/** Longer than the test: whoever waits for it fails. */
const requestTimeoutMs = 600_000
let log: FakeLog
let brokers: [FakeBroker, FakeBroker]
let client: KafkaClient
let producer: Producer

beforeEach(async () => {
  log = new FakeLog()
  brokers = [await FakeBroker.start(), await FakeBroker.start()]
  for (const broker of brokers) {
    broker.on(initProducerId, () => ({ errorCode: 0, producerId: 7, producerEpoch: 0 }))
    broker.on(metadata, () => 'silence')
    broker.on(produce, (body) => log.take(body))
  }
  client = new KafkaClient(nodeRuntime(), { bootstrap: [], clientId: 'test', requestTimeoutMs }, silentLogger)
  producer = new Producer(client, producerOptions({ requestTimeoutMs }))
})

afterEach(async () => {
  await producer.close({ timeoutMs: 0 })
  client.close()
  for (const broker of brokers) await broker.stop()
})

/** Castle's word: who is up. */
function tellUp(...ids: number[]): void {
  const up = ids.map((id) => ({ id, ...brokers[id - 1]!.address, rack: null, brokerEpoch: id }))
  client.view.tellCluster({ id: 'c', kind: 'castellan', environment: 'test', flags: {}, brokers: up })
}

/** Castle's word: who leads. */
function tellLeader(leader: number, leaderEpoch: number, ackLevel: -1 | 0 = -1, name = 'orders'): void {
  const partitions = [{ leader, leaderEpoch, partitionEpoch: leaderEpoch, replicas: [1, 2], isr: [1, 2] }]
  const rest = { name, deleted: false, internal: false, ackLevel, configs: {} }
  client.view.tellTopic({ topicId: name === 'orders' ? topicId : otherTopicId, ...rest, partitions })
}

const refusedWith = (errorCode: number) => [{ index: 0, errorCode, baseOffset: -1 }]
const send = (value: string) => producer.send({ topic: 'orders', value })

/** Broker 1 takes requests, or only connections, and is never heard again. */
const hangs = {
  'with sends in flight': () => brokers[0].on(produce, () => 'silence'),
  'having written them': () =>
    brokers[0].on(produce, (body) => {
      log.take(body)
      return 'silence'
    }),
  'before the connection is there': () => brokers[0].hang(),
}

test.each(Object.keys(hangs) as (keyof typeof hangs)[])('the leader hangs %s', async (how) => {
  tellUp(1, 2)
  tellLeader(2, 1)
  await send('first') // has its producer id
  hangs[how]()
  tellLeader(1, 2)
  const sends = ['a', 'b', 'c'].map(send)
  await expect.poll(() => brokers[0].connections).toBeGreaterThan(0)
  tellUp(2)
  tellLeader(2, 3)
  await Promise.all(sends)
  expect(log.values).toEqual(['first', 'a', 'b', 'c'])
  expect(producer.gaps).toBe(0)
})

test('the leader hangs, and Castle only names another', async () => {
  tellUp(1, 2)
  tellLeader(2, 1)
  await send('first')
  hangs['with sends in flight']()
  tellLeader(1, 2)
  const sends = ['a', 'b'].map(send)
  await expect.poll(() => brokers[0].asked).toContain('Produce')
  tellLeader(2, 3)
  await Promise.all(sends)
  expect(log.values).toEqual(['first', 'a', 'b'])
})

test('at Ack 0 what is on its way is not sent to the next leader, too, and nothing overtakes it (issue 5, seed 101)', async () => {
  const taken: string[] = []
  for (const [at, broker] of brokers.entries()) {
    broker.on(produce, (body) => {
      const before = log.values.length
      log.take(body)
      taken.push(...log.values.slice(before).map((value) => `${value} by ${at + 1}`))
      return 'silence'
    })
  }
  // Its connection to broker 1 takes its time.
  const connected = Promise.withResolvers<void>()
  brokers[0].on(apiVersions, async () => {
    await connected.promise
    return { errorCode: 0, apiKeys: [{ apiKey: produce.key, minVersion: 3, maxVersion: 13 }] }
  })
  tellUp(1, 2)
  tellLeader(1, 1, 0)
  const sends = [send('a')]
  await expect.poll(() => brokers[0].connections).toBeGreaterThan(0)
  tellLeader(2, 2, 0)
  sends.push(send('b'))
  tellLeader(2, 2, 0, 'others')
  sends.push(producer.send({ topic: 'others', value: 'other' }))
  // Behind 'b', on the same connection, had that left.
  await expect.poll(() => taken).toEqual(['other by 2'])
  connected.resolve()
  expect((await Promise.all(sends)).map(({ offset }) => offset)).toEqual([-1, -1, -1])
  await expect.poll(() => taken).toEqual(['other by 2', 'a by 1', 'b by 2'])
})

test('what goes at Ack 0 does not overtake what left at Ack -1, when the level was not known yet, and comes back (seed 365424402)', async () => {
  const heard = Promise.withResolvers<void>()
  const refused = Promise.withResolvers<void>()
  let tries = 0
  brokers[0].on(produce, async (body) => {
    if (body.acks !== 0 && tries++ === 0) {
      heard.resolve()
      await refused.promise
      const partitionResponses = refusedWith(errors.NOT_ENOUGH_REPLICAS.code)
      return { responses: [{ topicId, partitionResponses }] }
    }
    const taken = log.take(body)
    return body.acks === 0 ? 'silence' : taken
  })
  tellUp(1)
  tellLeader(1, 1)
  const sends = [send('a')]
  await heard.promise
  tellLeader(1, 1, 0)
  tellLeader(1, 1, 0, 'others')
  sends.push(send('b'))
  // With 'b', in one request, had that left.
  await producer.send({ topic: 'others', value: 'other' })
  refused.resolve()
  await Promise.all(sends)
  await expect.poll(() => log.values).toEqual(['other', 'a', 'b'])
})

test.each(['NOT_ENOUGH_REPLICAS', 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'NOT_LEADER_OR_FOLLOWER'] as const)(
  '%s is waited for, as long as it takes',
  async (name) => {
    let refusals = 3
    brokers[0].on(produce, (body) => {
      if (refusals-- <= 0) return log.take(body)
      const partitionResponses = [{ index: 0, errorCode: errors[name].code, baseOffset: -1 }]
      return { responses: body.topicData.map(({ topicId: id }) => ({ topicId: id, partitionResponses })) }
    })
    tellUp(1)
    tellLeader(1, 1)
    await send('a')
    expect(log.values).toEqual(['a'])
  },
)

test.each([
  ['NOT_LEADER_OR_FOLLOWER', refusedWith(errors.NOT_LEADER_OR_FOLLOWER.code)],
  ['UNKNOWN_TOPIC_OR_PARTITION', refusedWith(errors.UNKNOWN_TOPIC_OR_PARTITION.code)],
  ['no word of it', []],
])(
  'what a leader may have written before it said %s: in doubt, and its sequence is not given to the next message',
  async (_, said) => {
    const answers = [said, refusedWith(errors.TOPIC_AUTHORIZATION_FAILED.code)]
    brokers[0].on(produce, (body) => {
      const partitionResponses = answers.shift()
      const taken = log.take(body)
      return partitionResponses === undefined ? taken : { responses: [{ topicId, partitionResponses }] }
    })
    tellUp(1)
    tellLeader(1, 1)
    await expect(send('a')).rejects.toMatchObject({ code: 'REFUSED', maybeWritten: true })
    await send('b')
    expect(log.values).toEqual(['a', 'b'])
    expect(producer.gaps).toBe(0)
  },
)

test('who waits for a producer id is told so, though nothing else happens', async () => {
  const errorCode = errors.COORDINATOR_LOAD_IN_PROGRESS.code
  brokers[0].on(initProducerId, () => ({ errorCode, producerId: -1, producerEpoch: -1 }))
  tellUp(1)
  tellLeader(1, 1)
  const told = Promise.withResolvers<string | null>()
  const waiting = new Producer(client, producerOptions({ requestTimeoutMs }), { onWaiting: told.resolve })
  const sending = waiting.send({ topic: 'orders', value: 'a' })
  expect(await told.promise).toMatch(/^orders\/0: no broker gives a producer id: /)
  void waiting.close({ timeoutMs: 0 })
  await expect(sending).rejects.toMatchObject({ code: 'CLOSED', maybeWritten: false })
})

test('waits grow while the same leader fails, and begin anew at a newer leader or another ISR', () => {
  const at = (leaderEpoch: number, partitionEpoch: number): PartitionView => ({
    leader: 1,
    leaderEpoch,
    partitionEpoch,
  })
  tellUp(1)
  tellLeader(1, 1)
  const view: ClusterView = client.view
  const { sticky } = new TopicQueues(view.topic('orders')!, view, client.runtime.random)
  const queue = new PartitionQueue(view.topic('orders')!, 0, sticky)
  const failures: number[] = []
  const fail = (where: PartitionView) => {
    queue.sentTo = where
    queue.failed((count) => 1_000 * failures.push(count), 'no')
  }
  for (const where of [at(1, 1), at(1, 1), at(1, 1), at(2, 2), at(2, 2), at(2, 3)]) fail(where)
  expect(failures).toEqual([1, 2, 3, 1, 2, 1])
  expect(queue.notBeforeMs(at(2, 3))).toBe(6_000)
  expect(queue.notBeforeMs(at(2, 4))).toBe(0)
  expect(queue.notBeforeMs(at(3, -1))).toBe(0)
})

// A producer whose leader dies, hangs or moves: it goes on as soon as Castle has named another, whatever the old one does.
import { errors, initProducerId, metadata, produce } from '@castellan/protocol'
import { nodeRuntime, silentLogger } from '@castellan/protocol/runtime'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { KafkaClient } from '../kafka/client.ts'
import type { ClusterView, PartitionView } from '../kafka/view.ts'
import { FakeBroker } from '../testing/fake-broker.ts'
import { FakeLog } from '../testing/fake-log.ts'
import { producerOptions } from './options.ts'
import { Producer } from './producer.ts'
import { PartitionQueue, TopicQueues } from './queue.ts'

const topicId = '00000000-0000-4000-8000-00000000000a'
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
function tellLeader(leader: number, leaderEpoch: number, partitionEpoch = leaderEpoch): void {
  const partitions = [{ leader, leaderEpoch, partitionEpoch, replicas: [1, 2], isr: [1, 2] }]
  const rest = { name: 'orders', deleted: false, internal: false, ackLevel: -1 as const, configs: {} }
  client.view.tellTopic({ topicId, ...rest, partitions })
}

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
  await vi.waitFor(() => expect(brokers[0].connections).toBeGreaterThan(0), 5_000)
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
  await vi.waitFor(() => expect(brokers[0].asked).toContain('Produce'), 5_000)
  tellLeader(2, 3)
  await Promise.all(sends)
  expect(log.values).toEqual(['first', 'a', 'b'])
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

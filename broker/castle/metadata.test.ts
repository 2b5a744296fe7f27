import type { ClusterState, TopicState } from '@castellan/protocol/heartbeat'
import { beforeEach, expect, test } from 'vitest'
import { FakeClock } from '../testing/fake-clock.ts'
import { Metadata } from './metadata.ts'

const id = (n: number) => `00000000-0000-4000-8000-00000000000${n}`
const topic = (n: number, name: string, deleted = false): TopicState => ({
  topicId: id(n),
  name,
  deleted,
  internal: false,
  ackLevel: -1,
  configs: {},
  partitions: deleted ? [] : [{ leader: 1, leaderEpoch: 3, partitionEpoch: 0, replicas: [1], isr: [1] }],
})
const cluster = (...ids: number[]): ClusterState => ({
  id: 'default',
  kind: 'castellan',
  environment: 'test',
  flags: {},
  brokers: ids.map((id) => ({ id, host: 'h', port: 9000 + id, rack: null, brokerEpoch: 1 })),
})

let clock: FakeClock
let metadata: Metadata
beforeEach(() => {
  clock = new FakeClock()
  metadata = new Metadata(clock)
})

test('topics are found by id and by name, and forgotten by a recorded deletion', () => {
  metadata.setTopic(topic(1, 'orders'))
  expect(metadata.topicNamed('orders')?.topicId).toBe(id(1))
  expect(metadata.topicWithId(id(1))?.name).toBe('orders')
  expect(metadata.topic('orders')).toBe(metadata.topic(id(1)))
  expect(metadata.partition(id(1), 0)?.leaderEpoch).toBe(3)
  expect(metadata.partition(id(1), 1)).toBeUndefined()
  metadata.setTopic(topic(1, 'orders', true))
  expect(metadata.topicNamed('orders')).toBeUndefined()
  expect([...metadata.topics()]).toEqual([])
})

test('a topic made again under an old name is another one, whichever news comes first', () => {
  metadata.setTopic(topic(1, 'orders'))
  metadata.setTopic(topic(2, 'orders'))
  expect(metadata.topicNamed('orders')?.topicId).toBe(id(2))
  metadata.setTopic(topic(1, 'orders', true))
  expect(metadata.topicNamed('orders')?.topicId).toBe(id(2))
  expect([...metadata.topics()].map(({ topicId }) => topicId)).toEqual([id(2)])
})

test('living brokers are those that Castle last named', () => {
  metadata.setCluster(cluster(1, 2))
  metadata.setCluster(cluster(2, 3))
  expect([1, 2, 3].map((n) => metadata.broker(n)?.port)).toEqual([undefined, 9002, 9003])
})

test('a wait ends with the change that it waits for, or with its time', async () => {
  const coming = metadata.when(() => metadata.topicNamed('orders') !== undefined, 100)
  const staying = metadata.when(() => metadata.topicNamed('other') !== undefined, 100)
  metadata.setTopic(topic(1, 'orders'))
  await clock.turn()
  expect(await coming).toBe(true)
  await clock.advance(100)
  expect(await staying).toBe(false)
  expect(clock.timers).toBe(0)
  expect(await metadata.when(() => true, 100)).toBe(true)
})

test('waits look once a turn, however much of what they wait for changes in it', async () => {
  let looks = 0
  const waits = Array.from({ length: 100 }, () => {
    return metadata.when(() => {
      looks += 1
      return metadata.topicNamed('last') !== undefined
    }, 100)
  })
  expect(looks).toBe(100)
  for (let n = 0; n < 1_000; n++) metadata.setTopic({ ...topic(1, `topic-${n}`), topicId: `${n}` })
  metadata.setCluster(cluster(1))
  await clock.turn()
  expect(looks).toBe(200)
  metadata.setTopic(topic(2, 'last'))
  await clock.turn()
  expect(looks).toBe(300)
  expect(new Set(await Promise.all(waits))).toEqual(new Set([true]))
  metadata.setTopic(topic(3, 'more'))
  await clock.turn()
  expect(looks).toBe(300)
  expect(clock.timers).toBe(0)
})

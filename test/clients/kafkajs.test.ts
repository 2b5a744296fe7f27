// kafkajs: its producer and its admin client. (Its consumer speaks the classic group protocol, which is yet to come.)
import {
  type Admin,
  CompressionTypes,
  ConfigResourceTypes,
  Kafka,
  logLevel,
  Partitioners,
  type Producer,
} from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPlatform, type TestPlatform, waitFor } from '../processes/index.ts'
import { readAll } from './read-all.ts'
import { makeTopic } from './topics.ts'

let platform: TestPlatform
let kafka: Kafka
let admin: Admin
const producers: Producer[] = []

beforeAll(async () => {
  platform = await startPlatform()
  kafka = new Kafka({ brokers: platform.bootstrap.split(','), clientId: 'kafkajs', logLevel: logLevel.NOTHING })
  admin = kafka.admin()
  await admin.connect()
})
afterAll(async () => {
  await Promise.all(producers.map((producer) => producer.disconnect()))
  await admin?.disconnect()
  await platform?.stop()
})

async function producer(options: { idempotent?: boolean } = {}): Promise<Producer> {
  const one = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, ...options })
  producers.push(one)
  await one.connect()
  return one
}

describe('a producer', () => {
  const messages = Array.from({ length: 1_000 }, (_, i) => ({
    key: `k${i % 20}`,
    value: `v${i}`,
    headers: { n: String(i) },
  }))

  test.each([
    ['with its defaults', {}, {}],
    ['with acks 1', {}, { acks: 1 }],
    ['with acks 0', {}, { acks: 0 }],
    ['idempotent', { idempotent: true }, {}],
    ['with gzip', {}, { compression: CompressionTypes.GZIP }],
  ])('%s', async (_, options, how) => {
    const topic = await makeTopic(platform.castle, { ackLevel: 0 })
    const one = await producer(options)
    for (let at = 0; at < messages.length; at += 100) {
      await one.send({ topic, messages: messages.slice(at, at + 100), ...how })
    }
    // At Ack 0 a send is over when it has left: what was sent may still be on its way.
    const received = await waitFor('all messages in the log', async () => {
      const read = await readAll(platform.bootstrap, topic)
      return read.length >= messages.length && read
    })
    expect(received).toHaveLength(messages.length)
    for (let k = 0; k < 20; k++) {
      const ofKey = received.filter(({ keyText }) => keyText === `k${k}`)
      const sent = messages.filter(({ key }) => key === `k${k}`)
      expect(ofKey.map(({ text }) => text)).toEqual(sent.map(({ value }) => value))
      expect(ofKey.map((message) => message.header('n'))).toEqual(sent.map(({ headers }) => headers.n))
    }
  })

  test('is told the offsets that consumers see', async () => {
    const topic = await makeTopic(platform.castle, { partitions: 1 })
    const one = await producer()
    const [first] = await one.send({ topic, messages: [{ value: 'a' }, { value: 'b' }] })
    const [second] = await one.send({ topic, messages: [{ value: 'c' }] })
    expect([first?.baseOffset, second?.baseOffset]).toEqual(['0', '2'])
  })
})

describe('an admin client', () => {
  test('makes a topic, which can be used at once', async () => {
    const made = await admin.createTopics({
      topics: [{ topic: 'by-kafkajs', numPartitions: 4, configEntries: [{ name: 'retention.ms', value: '86400000' }] }],
    })
    expect(made).toBe(true)
    const { topics } = await admin.fetchTopicMetadata({ topics: ['by-kafkajs'] })
    expect(topics[0]?.partitions).toHaveLength(4)
    const one = await producer()
    await one.send({ topic: 'by-kafkajs', messages: [{ value: 'a' }] })
    expect(await admin.listTopics()).toContain('by-kafkajs')
  })

  test('is told what is wrong with a topic', async () => {
    const topic = await makeTopic(platform.castle)
    expect(await admin.createTopics({ topics: [{ topic }] })).toBe(false) // as kafkajs says "exists already"
    const configEntries = [{ name: 'retention.ms', value: 'long' }]
    await expect(admin.createTopics({ topics: [{ topic: 'wrong', configEntries }] })).rejects.toThrow()
    expect(await admin.listTopics()).not.toContain('wrong')
  })

  test('deletes a topic', async () => {
    const topic = await makeTopic(platform.castle)
    await admin.deleteTopics({ topics: [topic] })
    expect(await admin.listTopics()).not.toContain(topic)
    // kafkajs takes "unknown topic" for a trouble that goes by.
    const impatient = kafka.admin({ retry: { retries: 0 } })
    await expect(impatient.deleteTopics({ topics: [topic] })).rejects.toThrow(/does not host this topic-partition/)
    await impatient.disconnect()
  })

  test('reads offsets, by partition and by time', async () => {
    const topic = await makeTopic(platform.castle, { partitions: 2 })
    const one = await producer()
    await one.send({
      topic,
      messages: [
        { value: 'a', partition: 0 },
        { value: 'b', partition: 0 },
      ],
    })
    const offsets = await admin.fetchTopicOffsets(topic)
    expect(offsets.map(({ partition, low, high }) => [partition, low, high]).sort()).toEqual([
      [0, '0', '2'],
      [1, '0', '0'],
    ])
    const past = await admin.fetchTopicOffsetsByTimestamp(topic, 0)
    expect(past.find(({ partition }) => partition === 0)?.offset).toBe('0')
    const future = await admin.fetchTopicOffsetsByTimestamp(topic, Date.now() + 60_000)
    expect(future.find(({ partition }) => partition === 0)?.offset).toBe('2')
  })

  test('describes the cluster, and the settings of topics and brokers', async () => {
    const cluster = await admin.describeCluster()
    expect(cluster.brokers.map(({ nodeId }) => nodeId).sort()).toEqual([1, 2, 3])
    const topic = await makeTopic(platform.castle, { configs: { 'retention.ms': '5000' } })
    const { resources } = await admin.describeConfigs({
      includeSynonyms: true,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
    })
    const entry = resources[0]?.configEntries.find(({ configName }) => configName === 'retention.ms')
    expect(entry).toMatchObject({ configValue: '5000', configSource: 1 })
  })
})

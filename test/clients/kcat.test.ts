// kcat, that is librdkafka in C, with its defaults: produce, consume, list, and query by time.
import { partitionForKey } from '@castellan/protocol/records'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { missingTools, needing, startPlatform, type TestPlatform } from '../processes/index.ts'
import { consumeAll, kcat } from './kcat.ts'
import { makeTopic } from './topics.ts'

const test = needing('kcat')
let platform: TestPlatform

beforeAll(async () => {
  if (missingTools().includes('kcat')) return
  platform = await startPlatform()
})
afterAll(async () => {
  await platform?.stop()
})

const lines = (count: number) => Array.from({ length: count }, (_, i) => `key-${i % 50}:value ${i}`)

interface Listing {
  readonly controllerid: number
  readonly brokers: readonly { id: number; name: string }[]
  readonly topics: readonly {
    topic: string
    partitions: readonly { partition: number; leader: number; replicas: { id: number }[]; isrs: { id: number }[] }[]
  }[]
}

async function list(...args: string[]): Promise<Listing> {
  return JSON.parse(await kcat(platform.bootstrap, ['-L', '-J', ...args])) as Listing
}

test('-L lists brokers, topics and leaders', async () => {
  const topic = await makeTopic(platform.castle, { partitions: 6 })
  const listing = await list()
  expect(listing.brokers.map(({ id }) => id).sort()).toEqual([1, 2, 3])
  expect(listing.brokers.map(({ name }) => name).sort()).toEqual(platform.bootstrap.split(',').sort())
  expect([1, 2, 3]).toContain(listing.controllerid)
  const { partitions } = listing.topics.find((one) => one.topic === topic)!
  expect(partitions.map(({ partition }) => partition)).toEqual([0, 1, 2, 3, 4, 5])
  expect(new Set(partitions.map(({ leader }) => leader))).toEqual(new Set([1, 2, 3]))
  for (const { leader, replicas, isrs } of partitions)
    expect([replicas, isrs]).toEqual([[{ id: leader }], [{ id: leader }]])
})

test('every broker lists the same', async () => {
  const topic = await makeTopic(platform.castle)
  const listings = await Promise.all(
    platform.bootstrap
      .split(',')
      .map(async (broker) => JSON.parse(await kcat(broker, ['-L', '-J', '-t', topic])) as Listing),
  )
  expect(new Set(listings.map(({ topics }) => JSON.stringify(topics))).size).toBe(1)
})

describe('what kcat produces it consumes, in order by key', () => {
  for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    test(compression, async () => {
      const topic = await makeTopic(platform.castle)
      const sent = lines(2_000)
      const args = ['-P', '-t', topic, '-K:', '-X', `compression.codec=${compression}`]
      await kcat(platform.bootstrap, args, `${sent.join('\n')}\n`)
      const received = await consumeAll(platform.bootstrap, topic)
      expect(received).toHaveLength(sent.length)
      for (let i = 0; i < 50; i++) {
        const ofKey = received.filter(({ key }) => key === `key-${i}`)
        expect(ofKey.map(({ key, payload }) => `${key}:${payload}`)).toEqual(
          sent.filter((line) => line.startsWith(`key-${i}:`)),
        )
        expect(new Set(ofKey.map(({ partition }) => partition)).size).toBe(1)
      }
    })
  }

  test('at every ack level, and from an idempotent producer', async () => {
    for (const more of [['acks=0'], ['acks=1'], ['acks=-1'], ['enable.idempotence=true']]) {
      const topic = await makeTopic(platform.castle, { ackLevel: 0, partitions: 1 })
      const sent = lines(500)
      await kcat(
        platform.bootstrap,
        ['-P', '-t', topic, '-K:', ...more.flatMap((one) => ['-X', one])],
        `${sent.join('\n')}\n`,
      )
      const received = await consumeAll(platform.bootstrap, topic)
      expect(received.map(({ key, payload }) => `${key}:${payload}`)).toEqual(sent)
      expect(received.map(({ offset }) => offset)).toEqual(sent.map((_, i) => i))
    }
  })

  test('with headers, null values and a large message', async () => {
    const topic = await makeTopic(platform.castle, { partitions: 1 })
    await kcat(platform.bootstrap, ['-P', '-t', topic, '-H', 'trace=abc', '-k', 'k'], 'with a header\n')
    await kcat(platform.bootstrap, ['-P', '-t', topic, '-K:', '-Z'], 'k:\n')
    const large = 'x'.repeat(900_000)
    await kcat(platform.bootstrap, ['-P', '-t', topic, '-X', 'compression.codec=none'], `${large}\n`)
    const [first, second, third] = await consumeAll(platform.bootstrap, topic)
    expect(first).toMatchObject({ key: 'k', payload: 'with a header', headers: ['trace', 'abc'], offset: 0 })
    expect(second).toMatchObject({ key: 'k', payload: null, offset: 1 })
    expect(third?.payload).toBe(large)
  })
})

test('the partition of a key is that of the Java client (murmur2_random)', async () => {
  const topic = await makeTopic(platform.castle, { partitions: 6 })
  await kcat(
    platform.bootstrap,
    ['-P', '-t', topic, '-K:', '-X', 'topic.partitioner=murmur2_random'],
    `${lines(50).join('\n')}\n`,
  )
  for (const { key, partition } of await consumeAll(platform.bootstrap, topic)) {
    expect(partition).toBe(partitionForKey(Buffer.from(key!), 6))
  }
})

test('a consumer that waits gets a message when it is produced', async () => {
  const topic = await makeTopic(platform.castle, { partitions: 1 })
  const consuming = kcat(platform.bootstrap, ['-C', '-t', topic, '-o', 'beginning', '-c', '3', '-q'])
  for (const value of ['a', 'b', 'c']) await kcat(platform.bootstrap, ['-P', '-t', topic], `${value}\n`)
  expect(await consuming).toBe('a\nb\nc\n')
})

describe('by time', () => {
  test('-Q finds the offset of a time, -o s@ starts there', async () => {
    const topic = await makeTopic(platform.castle, { partitions: 1 })
    for (const value of ['a', 'b', 'c']) await kcat(platform.bootstrap, ['-P', '-t', topic], `${value}\n`)
    const messages = await consumeAll(platform.bootstrap, topic)
    const [, middle] = messages
    const at = (time: number | string) => kcat(platform.bootstrap, ['-Q', '-t', `${topic}:0:${time}`])
    expect(await at(middle!.ts)).toContain(`${topic} [0] offset 1`)
    expect(await at(0)).toContain(`${topic} [0] offset 0`)
    expect(await at(-2)).toContain(`${topic} [0] offset 0`)
    expect(await at(-1)).toContain(`${topic} [0] offset 3`)
    const later = await consumeAll(platform.bootstrap, topic, `s@${middle!.ts}`)
    expect(later.map(({ payload }) => payload)).toEqual(['b', 'c'])
  })

  test('an offset from the end', async () => {
    const topic = await makeTopic(platform.castle, { partitions: 1 })
    await kcat(platform.bootstrap, ['-P', '-t', topic], 'a\nb\nc\nd\n')
    expect((await consumeAll(platform.bootstrap, topic, '-2')).map(({ payload }) => payload)).toEqual(['c', 'd'])
    expect((await consumeAll(platform.bootstrap, topic, '1')).map(({ payload }) => payload)).toEqual(['b', 'c', 'd'])
  })
})

describe('errors', () => {
  test('a topic that does not exist is not made', async () => {
    await expect(kcat(platform.bootstrap, ['-C', '-t', 'nothing', '-e'])).rejects.toThrow(/unknown topic/i)
    expect((await list()).topics.map(({ topic }) => topic)).not.toContain('nothing')
  })

  test('a message larger than max.message.bytes is refused', async () => {
    const topic = await makeTopic(platform.castle, { partitions: 1, configs: { 'max.message.bytes': '1000' } })
    const producing = kcat(
      platform.bootstrap,
      ['-P', '-t', topic, '-X', 'compression.codec=none'],
      `${'x'.repeat(5000)}\n`,
    )
    await expect(producing).rejects.toThrow(/message size too large/i)
  })
})

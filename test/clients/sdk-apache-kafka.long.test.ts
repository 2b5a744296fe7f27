// The SDK against a real Apache Kafka: our broker and our client could share a misreading of the protocol; Kafka does not.
import { type Network, nodeRuntime, type Runtime, silentLogger } from '@castellan/protocol/runtime'
import {
  type Castellan,
  CastellanError,
  type Consumer,
  type ConsumerInput,
  connectKafka,
  connectKafkaWith,
  type Message,
  type Sent,
} from '@castellan/sdk'
import { Admin, KafkaClient } from '@castellan/sdk/kafka'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { missingTools, needing, waitFor } from '../processes/index.ts'
import { ApacheKafka } from './apache-kafka/index.ts'

const needingKafka = needing('Java', 'Maven')
const isMissing = missingTools().some((tool) => tool === 'Java' || tool === 'Maven')

/** Sessions short enough for a test. */
const settings = {
  'group.consumer.heartbeat.interval.ms': '500',
  'group.consumer.min.heartbeat.interval.ms': '500',
  'group.consumer.session.timeout.ms': '6000',
  'group.consumer.min.session.timeout.ms': '3000',
}

let kafka: ApacheKafka
let client: KafkaClient
let admin: Admin
const opened: Castellan[] = []

beforeAll(async () => {
  if (isMissing) return
  kafka = await ApacheKafka.start({ settings })
  const [host = '', port] = kafka.bootstrap.split(':')
  client = new KafkaClient(nodeRuntime(), { bootstrap: [{ host, port: Number(port) }], clientId: 'test' }, silentLogger)
  admin = new Admin(client)
}, 120_000)

afterEach(async () => {
  await Promise.all(opened.splice(0).map((castellan) => castellan.close()))
})

afterAll(async () => {
  client?.close()
  await kafka?.stop()
})

async function open(runtime?: Runtime): Promise<Castellan> {
  const options = { bootstrap: kafka.bootstrap, service: 'test', log: silentLogger }
  const castellan = await (runtime === undefined ? connectKafka(options) : connectKafkaWith(runtime, options))
  opened.push(castellan)
  return castellan
}

async function makeTopic(name: string, partitions: number, configs: Record<string, string> = {}): Promise<string> {
  const { topicId } = await admin.createTopic({ name, partitions, replicationFactor: 1, configs })
  return topicId
}

/** Everything in a partition. */
async function readAll(topic: string, partition: number): Promise<Message[]> {
  const messages: Message[] = []
  const end = (await admin.offsets(topic, 'latest'))[partition]!.offset
  for (let offset = 0; offset < end; ) {
    const read = await admin.read({ topic, partition, offset, messagesMax: 10_000 })
    messages.push(...read.messages)
    offset = read.nextOffset
  }
  return messages
}

needingKafka('makes, shows and deletes topics', async () => {
  const topicId = await makeTopic('shown', 3, { 'retention.ms': '1234567' })
  expect(await admin.topics()).toContainEqual({ name: 'shown', topicId, internal: false, partitions: 3 })
  const topic = await admin.topic('shown')
  expect(topic).toMatchObject({ id: topicId, name: 'shown', gone: false })
  expect(topic.partitions.map(({ leader }) => leader)).toEqual([1, 1, 1])
  expect(await admin.topicConfigs('shown')).toMatchObject({ 'retention.ms': '1234567', 'cleanup.policy': 'delete' })
  await expect(makeTopic('shown', 3)).rejects.toMatchObject({ code: 'REFUSED', kafkaCode: 36, retriable: false })
  await admin.deleteTopic('shown')
  await expect(admin.deleteTopic('shown')).rejects.toMatchObject({ code: 'REFUSED', kafkaCode: 3 })
  await expect(admin.topic('never-made')).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN' })
})

needingKafka('writes and reads messages in each compression, with all that they carry', async () => {
  await makeTopic('compressed', 1)
  const castellan = await open()
  const headers = { text: 'größer', bytes: new Uint8Array([0, 255]), none: null, twice: ['a', 'b'] }
  const sent: Sent[] = []
  for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
    const producer = castellan.producer({ compression })
    const sending = Array.from({ length: 200 }, (_, n) =>
      producer.send({
        topic: 'compressed',
        key: `${compression}-${n}`,
        value: 'ä'.repeat(n),
        headers,
        timestampMs: 1_700_000_000_000 + n,
      }),
    )
    sending.push(producer.send({ topic: 'compressed', value: null, timestampMs: 1 }))
    sent.push(...(await Promise.all(sending)))
  }
  const messages = await readAll('compressed', 0)
  expect(sent.map(({ offset }) => offset)).toEqual(messages.map(({ offset }) => offset))
  expect(messages).toHaveLength(1005)
  for (const [index, message] of messages.entries()) {
    const n = index % 201
    if (n === 200) expect(message).toMatchObject({ key: null, value: null, headers: [], timestampMs: 1 })
    else {
      expect(message.keyText).toMatch(new RegExp(`-${n}$`))
      expect(message.text).toBe('ä'.repeat(n))
      expect(message.timestampMs).toBe(1_700_000_000_000 + n)
      expect(message.headers.map(({ key }) => key)).toEqual(['text', 'bytes', 'none', 'twice', 'twice'])
      expect([message.header('text'), message.header('none'), message.header('twice')]).toEqual(['größer', null, 'b'])
    }
  }
})

needingKafka('goes to the partition named, that of the key, or one for all', async () => {
  await makeTopic('spread', 4)
  const producer = (await open()).producer()
  const named = await Promise.all(
    [3, 1, 3].map((partition) => producer.send({ topic: 'spread', partition, value: 'v' })),
  )
  expect(named).toEqual([
    { partition: 3, offset: 0 },
    { partition: 1, offset: 0 },
    { partition: 3, offset: 1 },
  ])
  const keyed = await Promise.all(
    Array.from({ length: 40 }, (_, n) => producer.send({ topic: 'spread', key: `k${n % 4}`, value: 'v' })),
  )
  for (const [n, { partition }] of keyed.entries()) expect(partition).toBe(keyed[n % 4]!.partition)
  const free = await Promise.all(Array.from({ length: 40 }, () => producer.send({ topic: 'spread', value: 'v' })))
  expect(new Set(free.map(({ partition }) => partition)).size).toBe(1)
  await expect(producer.send({ topic: 'spread', partition: 4, value: 'v' })).rejects.toMatchObject({
    code: 'PARTITION_UNKNOWN',
  })
})

needingKafka('acknowledges at each level', async () => {
  await makeTopic('levels', 1)
  const castellan = await open()
  const offsets = []
  for (const ackLevel of [-1, 1, 0] as const) {
    const { offset } = await castellan.producer({ ackLevel }).send({ topic: 'levels', value: String(ackLevel) })
    offsets.push(offset)
  }
  expect(offsets).toEqual([0, 1, -1])
  await waitFor('the message at Ack 0', async () => (await readAll('levels', 0)).length === 3)
})

needingKafka('refuses what is too large, and goes on', async () => {
  await makeTopic('small', 1, { 'max.message.bytes': '2000' })
  const producer = (await open()).producer()
  // Together one batch, which Kafka finds too large and takes in parts.
  const sending = Array.from({ length: 30 }, (_, n) => producer.send({ topic: 'small', value: `${n}`.padEnd(300) }))
  const large = producer.send({ topic: 'small', value: 'x'.repeat(5000) })
  const after = producer.send({ topic: 'small', value: 'after' })
  expect((await Promise.all(sending)).map(({ offset }) => offset)).toEqual(Array.from({ length: 30 }, (_, n) => n))
  await expect(large).rejects.toMatchObject({ code: 'REFUSED', kafkaCode: 10 })
  expect(await after).toEqual({ partition: 0, offset: 30 })
  expect((await readAll('small', 0)).map(({ text }) => text?.trim())).toEqual([
    ...Array.from({ length: 30 }, (_, n) => `${n}`),
    'after',
  ])
})

needingKafka('finds offsets at the ends and by time', async () => {
  await makeTopic('timed', 2)
  const producer = (await open()).producer()
  for (const n of [1, 2, 3]) await producer.send({ topic: 'timed', partition: 0, value: 'v', timestampMs: n * 1_000 })
  expect(await admin.offsets('timed', 'earliest')).toEqual([
    { partition: 0, offset: 0 },
    { partition: 1, offset: 0 },
  ])
  expect(await admin.offsets('timed', 'latest')).toEqual([
    { partition: 0, offset: 3 },
    { partition: 1, offset: 0 },
  ])
  expect(await admin.offsets('timed', 1_500)).toEqual([
    { partition: 0, offset: 1 },
    { partition: 1, offset: -1 },
  ])
})

/**
 * A network whose connections break, each at the first request after some answers: that request may arrive, and those before it too, but
 * no further answer does.
 */
function flaky(network: Network, answersOf: () => number): Network {
  return {
    listen: network.listen,
    dial: network.dial,
    async connect(address, options) {
      const connection = await network.connect(address, options)
      let left = answersOf()
      return {
        peer: connection.peer,
        bufferedBytes: 0,
        start: (handlers) =>
          connection.start({
            readBuffer: () => handlers.readBuffer(),
            onDrain: () => handlers.onDrain(),
            onClose: (error) => handlers.onClose(error),
            onRead(length) {
              left--
              handlers.onRead(length)
            },
          }),
        write(chunks, onSent) {
          const more = connection.write(chunks, onSent)
          if (left <= 0) connection.end()
          return more
        },
        pause: () => connection.pause(),
        resume: () => connection.resume(),
        end: () => connection.end(),
        destroy: () => connection.destroy(),
        reset: () => connection.reset(),
      }
    },
  }
}

needingKafka('each message once and in order, though connections break all the time (R4)', async () => {
  await makeTopic('broken', 3)
  let breaks = 0
  const runtime = nodeRuntime()
  const network = flaky(runtime.network, () => {
    breaks++
    return 2 + (breaks % 5)
  })
  const producer = (await open({ ...runtime, network })).producer({ batchBytes: 400 })
  const sending: Promise<Sent>[] = []
  for (let n = 0; n < 6_000; n++) {
    sending.push(producer.send({ topic: 'broken', key: `k${n % 50}`, value: String(n) }))
    if (n % 50 === 0) await new Promise<void>((resolve) => runtime.clock.soon(resolve))
  }
  const told = await Promise.all(sending)
  expect(breaks).toBeGreaterThan(20)
  const seen = new Map<string, number>()
  for (const partition of [0, 1, 2]) {
    let last = -1
    for (const message of await readAll('broken', partition)) {
      expect(Number(message.text)).toBeGreaterThan(last)
      last = Number(message.text)
      seen.set(message.text!, message.offset)
    }
  }
  expect(seen.size).toBe(6_000)
  for (const [n, { offset }] of told.entries()) if (offset >= 0) expect(seen.get(String(n))).toBe(offset)
})

interface Read {
  readonly by: number
  readonly message: Message
}

function consume(
  castellan: Castellan,
  by: number,
  read: Read[],
  options: ConsumerInput<string>,
): { consumer: Consumer; done: Promise<void> } {
  const consumer = castellan.consumer(options)
  const done = consumer.run((message) => {
    read.push({ by, message })
  })
  return { consumer, done }
}

const held = (consumer: Consumer) => consumer.assignment.map(({ partition }) => partition).sort()

needingKafka('a group of two shares the partitions, and the one that stays takes over', async () => {
  await makeTopic('shared', 4)
  const castellan = await open()
  const producer = castellan.producer()
  const read: Read[] = []
  const options = { group: 'pair', topics: ['shared'] }
  const one = consume(castellan, 1, read, options)
  await one.consumer.ready
  const two = consume(await open(), 2, read, options)
  await waitFor('two partitions each', () => held(one.consumer).length === 2 && held(two.consumer).length === 2)
  expect([...held(one.consumer), ...held(two.consumer)].sort()).toEqual([0, 1, 2, 3])
  const send = (from: number) =>
    Promise.all(
      Array.from({ length: 400 }, (_, n) =>
        producer.send({ topic: 'shared', partition: n % 4, value: String(from + n) }),
      ),
    )
  await send(0)
  await waitFor('all to be read', () => read.length === 400)
  expect(new Set(read.map(({ by }) => by))).toEqual(new Set([1, 2]))
  const epochs = one.consumer.assignment.map(({ assignmentEpoch }) => assignmentEpoch)
  await two.consumer.close()
  await two.done
  await waitFor('one to hold all', () => held(one.consumer).length === 4)
  // Rises with each owner of a partition.
  for (const { assignmentEpoch } of one.consumer.assignment.slice(2))
    expect(assignmentEpoch).toBeGreaterThan(Math.max(...epochs))
  await send(400)
  await waitFor('all to be read', () => read.length === 800)
  await castellan.close()
  await one.done
  // Each once, each partition in order: what was committed was not read again, and nothing was left out.
  for (const partition of [0, 1, 2, 3]) {
    const offsets = read.filter(({ message }) => message.partition === partition).map(({ message }) => message.offset)
    expect(offsets).toEqual(Array.from({ length: 200 }, (_, n) => n))
  }
  const committed = await admin.groupOffsets('pair')
  expect(committed.map(({ offset }) => offset)).toEqual([200, 200, 200, 200])
})

needingKafka('starts where it is told when nothing is committed', async () => {
  await makeTopic('started', 1)
  const castellan = await open()
  const producer = castellan.producer()
  await producer.send({ topic: 'started', value: 'before' })
  const early: Read[] = []
  const late: Read[] = []
  consume(castellan, 1, early, { group: 'early', topics: ['started'], start: 'earliest' })
  const { consumer } = consume(castellan, 2, late, { group: 'late', topics: ['started'], start: 'latest' })
  const stored = castellan.consumer({
    group: 'stored',
    topics: ['started'],
    startOffsets: () => [{ topic: 'started', partition: 0, offset: 1 }],
  })
  const fromStore: string[] = []
  void stored.run((message) => void fromStore.push(message.text!))
  await waitFor('a position', () => consumer.assignment[0]?.offset === 1)
  await producer.send({ topic: 'started', value: 'after' })
  await waitFor('messages', () => early.length === 2 && late.length === 1 && fromStore.length === 1)
  expect([early, late].map((read) => read.map(({ message }) => message.text))).toEqual([['before', 'after'], ['after']])
  expect(fromStore).toEqual(['after'])
  const none = castellan.consumer({ group: 'none', topics: ['started'], start: 'none' })
  await expect(none.run(() => {})).rejects.toMatchObject({ code: 'OFFSET_MISSING' })
})

needingKafka('commits by hand, and only what is asked', async () => {
  await makeTopic('by-hand', 1)
  const castellan = await open()
  const producer = castellan.producer()
  for (const value of ['a', 'b', 'c']) await producer.send({ topic: 'by-hand', value })
  const consumer = castellan.consumer({ group: 'by-hand', topics: ['by-hand'], autoCommit: false })
  const seen: string[] = []
  const done = consumer.run(async (message) => {
    if (message.text === 'b') await consumer.commit(message)
    seen.push(message.text!)
  })
  await waitFor('all to be read', () => seen.length === 3)
  await expect(consumer.commit([{ topic: 'by-hand', partition: 7, offset: 1 }])).rejects.toThrow(CastellanError)
  await consumer.close()
  await done
  expect(await admin.groupOffsets('by-hand')).toMatchObject([{ topic: 'by-hand', partition: 0, offset: 2 }])
})

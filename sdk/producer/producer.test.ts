import { errors, initProducerId, metadata, produce, type ResponseInput } from '@castellan/protocol'
import { sleep } from '@castellan/protocol/runtime'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CastellanError } from '../errors.ts'
import { FakeBroker } from '../testing/fake-broker.ts'
import { FakeLog } from '../testing/fake-log.ts'
import { stillTime } from '../testing/still-time.ts'
import { producerOptions } from './options.ts'
import { Producer } from './producer.ts'

const topicId = '00000000-0000-4000-8000-00000000000a'
let broker: FakeBroker
const producers: Producer[] = []

let log: FakeLog

beforeEach(async () => {
  log = new FakeLog()
  broker = await FakeBroker.start()
  broker.topics.set('orders', { id: topicId, partitions: 1, leaderEpoch: 0 })
  broker.on(initProducerId, () => ({ errorCode: 0, producerId: 7, producerEpoch: 0 }))
  broker.on(produce, (body) => {
    const answer = log.take(body)
    return body.acks === 0 ? 'silence' : answer
  })
})

afterEach(async () => {
  await Promise.all(producers.splice(0).map((producer) => producer.close({ timeoutMs: 0 })))
  await broker.stop()
})

function producerWith(options: object = {}, client = broker.client()): Producer {
  const producer = new Producer(client, producerOptions(options))
  producers.push(producer)
  return producer
}

const until = (what: () => unknown) => expect.poll(what)
const send = (producer: Producer, value: string, more: object = {}) =>
  producer.send({ topic: 'orders', value, ...more })
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (error: CastellanError) => error.code,
  )

test('sends of one turn leave in one batch', async () => {
  const producer = producerWith()
  await send(producer, 'first')
  const sent = await Promise.all(['a', 'b', 'c'].map((value) => send(producer, value)))
  expect(sent).toEqual([1, 2, 3].map((offset) => ({ partition: 0, offset })))
  expect(log.batches.map(({ values, baseSequence }) => [values, baseSequence])).toEqual([
    [['first'], 0],
    [['a', 'b', 'c'], 1],
  ])
})

test('keeps the order of the calls while the topic is being found', async () => {
  broker.topics.clear()
  const producer = producerWith()
  const sending = ['a', 'b'].map((value) => send(producer, value))
  await until(() => broker.asked).toContain('Metadata')
  broker.topics.set('orders', { id: topicId, partitions: 1, leaderEpoch: 0 })
  sending.push(send(producer, 'c'))
  await Promise.all(sending)
  expect(log.values).toEqual(['a', 'b', 'c'])
})

describe('answers of the leader', () => {
  const name = (code: number) => Object.values(errors).find((error) => error.code === code)!.name
  test.each(
    [
      errors.NOT_LEADER_OR_FOLLOWER.code,
      errors.LEADER_NOT_AVAILABLE.code,
      errors.UNKNOWN_TOPIC_OR_PARTITION.code,
      errors.UNKNOWN_TOPIC_ID.code,
      errors.NOT_ENOUGH_REPLICAS.code,
      errors.NOT_ENOUGH_REPLICAS_AFTER_APPEND.code,
      errors.REQUEST_TIMED_OUT.code,
      errors.CORRUPT_MESSAGE.code,
      errors.KAFKA_STORAGE_ERROR.code,
      errors.FENCED_LEADER_EPOCH.code,
    ].map((code) => [name(code), code] as const),
  )('%s: sent again under the same numbers', async (_, code) => {
    log.script.push(code, 0)
    const producer = producerWith()
    expect(await send(producer, 'a')).toEqual({ partition: 0, offset: 0 })
    expect(log.batches).toMatchObject([{ producerEpoch: 0, baseSequence: 0 }])
    expect(producer.gaps).toBe(0)
  })

  test.each(
    [
      errors.INVALID_RECORD.code,
      errors.TOPIC_AUTHORIZATION_FAILED.code,
      errors.MESSAGE_TOO_LARGE.code,
      errors.UNSUPPORTED_COMPRESSION_TYPE.code,
      errors.INVALID_REQUIRED_ACKS.code,
    ].map((code) => [name(code), code] as const),
  )('%s: fails, and its sequence is used again', async (_, kafkaCode) => {
    log.script.push(kafkaCode)
    const producer = producerWith()
    await expect(send(producer, 'a')).rejects.toMatchObject({ code: 'REFUSED', kafkaCode, retriable: false })
    await send(producer, 'b')
    expect(log.batches).toMatchObject([{ values: ['b'], producerEpoch: 0, baseSequence: 0 }])
  })

  test.each(
    [errors.OUT_OF_ORDER_SEQUENCE_NUMBER.code, errors.UNKNOWN_PRODUCER_ID.code, errors.INVALID_PRODUCER_EPOCH.code].map(
      (code) => [name(code), code] as const,
    ),
  )('%s: goes on with the next epoch, and counts the gap', async (_, code) => {
    const producer = producerWith()
    await send(producer, 'a')
    log.script.push(code)
    expect(await send(producer, 'b')).toEqual({ partition: 0, offset: 1 })
    expect(log.batches).toMatchObject([
      { producerEpoch: 0, baseSequence: 0 },
      { producerEpoch: 1, baseSequence: 0 },
    ])
    expect(producer.gaps).toBe(1)
  })

  test('DUPLICATE_SEQUENCE_NUMBER: it was written, nobody knows where', async () => {
    log.script.push(errors.DUPLICATE_SEQUENCE_NUMBER.code)
    expect(await send(producerWith(), 'a')).toEqual({ partition: 0, offset: -1 })
  })

  test('MESSAGE_TOO_LARGE for several: sent in halves, in order, under the same numbers', async () => {
    log.script.push(errors.MESSAGE_TOO_LARGE.code)
    const producer = producerWith()
    const sent = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((value) => send(producer, value)))
    expect(sent.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4])
    expect(log.batches.map(({ values, baseSequence }) => [values, baseSequence])).toEqual([
      [['a', 'b', 'c'], 0],
      [['d', 'e'], 3],
    ])
  })
})

test('a batch that comes back keeps those behind it waiting', async () => {
  const producer = producerWith({ batchBytes: 1 })
  await send(producer, 'first')
  log.script.push(errors.NOT_LEADER_OR_FOLLOWER.code)
  await Promise.all(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((value) => send(producer, value)))
  expect(log.values).toEqual(['first', 'a', 'b', 'c', 'd', 'e', 'f', 'g'])
  expect(log.batches.map(({ baseSequence }) => baseSequence)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  expect(producer.gaps).toBe(0)
})

test('a connection that breaks: sent again, without a gap', async () => {
  const producer = producerWith()
  await send(producer, 'a')
  let breaks = 3
  broker.on(produce, (body) => {
    if (breaks === 0) return log.take(body)
    breaks--
    return 'close'
  })
  expect(await send(producer, 'b')).toEqual({ partition: 0, offset: 1 })
  expect(log.values).toEqual(['a', 'b'])
})

test('a leader that moves: what is in flight to the old one is sent to the new one at once, once', async () => {
  const client = broker.client()
  const other = await FakeBroker.start()
  other.on(metadata, () => 'close')
  try {
    const addresses = [broker.address, other.address]
    const brokers = addresses.map((address, index) => ({ id: index + 1, ...address, rack: null, brokerEpoch: 1 }))
    client.view.tellCluster({ id: 'c', kind: 'castellan', environment: 'test', flags: {}, brokers })
    const producer = producerWith({}, client)
    await send(producer, 'a')
    // It has written the batch, and hangs.
    const [late, early] = [gate(), gate()]
    broker.on(produce, async (body) => {
      const answer = log.take(body)
      await late.opened
      return refused(answer, errors.NOT_LEADER_OR_FOLLOWER.code)
    })
    other.on(produce, async (body) => {
      await early.opened
      return log.take(body)
    })
    const sending = ['b', 'c'].map((value) => send(producer, value))
    await until(() => broker.asked.filter((name) => name === 'Produce').length).toBe(2)
    client.view.tellLeader(topicId, 0, { leader: 2, leaderEpoch: 1 })
    await until(() => other.asked.filter((name) => name === 'Produce').length).toBe(1)
    // What the old one says now does not count.
    late.open()
    await sleep(broker.runtime.clock, 20)
    early.open()
    expect((await Promise.all(sending)).map(({ offset }) => offset)).toEqual([1, 2])
    expect(log.values).toEqual(['a', 'b', 'c'])
    expect(other.asked.filter((name) => name === 'Produce')).toHaveLength(1)
  } finally {
    await other.stop()
  }
})

function gate() {
  let open: () => void = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

function refused(answer: ResponseInput<typeof produce>, errorCode: number): ResponseInput<typeof produce> {
  const responses = answer.responses.map(({ partitionResponses, ...topic }) => ({
    ...topic,
    partitionResponses: partitionResponses.map(({ index }) => ({ index, errorCode, baseOffset: -1 })),
  }))
  return { responses }
}

test('the Ack level of the topic counts, and a change of it at once', async () => {
  const client = broker.client()
  const producer = producerWith({}, client)
  const partitions = [{ leader: 1, leaderEpoch: 0, partitionEpoch: 0, replicas: [1], isr: [1] }]
  const state = { topicId, name: 'orders', deleted: false, internal: false, configs: {}, partitions }
  const offsets = []
  offsets.push((await send(producer, 'unknown')).offset)
  for (const ackLevel of [1, 0, -1] as const) {
    client.view.tellTopic({ ...state, ackLevel })
    offsets.push((await send(producer, String(ackLevel))).offset)
  }
  expect(offsets).toEqual([0, 1, -1, 3])
  expect(log.batches.map(({ acks }) => acks)).toEqual([-1, 1, 0, -1])
  // Unsequenced at Ack 0: nothing is promised there.
  expect(log.batches.map(({ baseSequence }) => baseSequence)).toEqual([0, 1, -1, 2])
})

describe('what was not delivered in time', () => {
  test('was surely not written: no leader', async () => {
    const client = broker.client()
    const producer = producerWith({ deliveryTimeoutMs: 60 }, client)
    client.view.tellMetadata(
      [],
      [{ id: topicId, name: 'orders', partitions: [{ partition: 0, leader: -1, leaderEpoch: 5 }] }],
    )
    await expect(send(producer, 'a')).rejects.toMatchObject({
      code: 'DELIVERY_TIMEOUT',
      retriable: true,
      message: expect.stringContaining('nobody leads it'),
    })
  })

  test('may be written: no answer came', async () => {
    const time = stillTime(broker.runtime)
    broker.on(produce, () => {
      time.go() // it was sent in time, however slow the machine is
      return 'close'
    })
    const producer = producerWith({ deliveryTimeoutMs: 100 }, broker.client({ runtime: time.runtime }))
    await expect(send(producer, 'a')).rejects.toMatchObject({ code: 'DELIVERY_UNKNOWN', retriable: false })
  })

  test('nobody tells about the topic', async () => {
    const client = broker.client()
    await broker.stopListening()
    expect(await failure(send(producerWith({ deliveryTimeoutMs: 60 }, client), 'a'))).toBe('DELIVERY_TIMEOUT')
  })
})

test('a topic that does not exist', async () => {
  const producer = producerWith()
  await expect(producer.send({ topic: 'none', value: 'v' })).rejects.toMatchObject({
    code: 'TOPIC_UNKNOWN',
    retriable: true,
  })
})

test('a topic that is deleted while messages wait for it', async () => {
  const client = broker.client()
  const producer = producerWith({}, client)
  await send(producer, 'a')
  broker.on(produce, () => 'silence')
  const waiting = send(producer, 'b')
  const behind = [1, 2, 3, 4, 5, 6].map((n) => send(producer, String(n)))
  const outcomes = Promise.all([waiting, ...behind].map(failure))
  client.view.tellTopic({
    topicId,
    name: 'orders',
    deleted: true,
    internal: false,
    ackLevel: -1,
    configs: {},
    partitions: [],
  })
  await sleep(broker.runtime.clock, 1)
  broker.hangUp()
  expect(new Set(await outcomes)).toEqual(new Set(['TOPIC_DELETED']))
  // The name may be another topic's by now.
  broker.topics.set('orders', { id: topicId.replace('a', 'b'), partitions: 1, leaderEpoch: 0 })
  log = new FakeLog()
  broker.on(produce, (body) => log.take(body))
  expect(await send(producer, 'again')).toEqual({ partition: 0, offset: 0 })
})

test.each([
  ['no topic', { value: 'v' }, 'MESSAGE_INVALID'],
  ['a number as value', { topic: 'orders', value: 5 }, 'MESSAGE_INVALID'],
  ['a number as key', { topic: 'orders', key: 5, value: 'v' }, 'MESSAGE_INVALID'],
  ['a partition that is none', { topic: 'orders', partition: 1.5, value: 'v' }, 'PARTITION_UNKNOWN'],
  ['a time that is none', { topic: 'orders', value: 'v', timestampMs: Number.NaN }, 'MESSAGE_INVALID'],
  ['more than a topic takes', { topic: 'orders', value: 'v'.repeat(1_100_000) }, 'MESSAGE_TOO_LARGE'],
])('refuses %s, and goes on', async (_, message, code) => {
  const producer = producerWith()
  expect(await failure(producer.send(message as never))).toBe(code)
  expect(await send(producer, 'fine')).toEqual({ partition: 0, offset: 0 })
})

test('a full buffer holds sends back, in order', async () => {
  const producer = producerWith({ bufferBytes: 200, batchBytes: 100 })
  const sending = Array.from({ length: 100 }, (_, n) => send(producer, `${n}`.padEnd(40)))
  await Promise.all(sending)
  expect(log.values.map(Number)).toEqual(Array.from({ length: 100 }, (_, n) => n))
  expect(Math.max(...log.batches.map(({ values }) => values.length))).toBeLessThanOrEqual(4)
})

test('flush does not wait for linger; close delivers what was sent, and takes nothing more', async () => {
  const producer = producerWith({ lingerMs: 60_000 })
  const first = send(producer, 'a')
  await producer.flush()
  expect(await first).toEqual({ partition: 0, offset: 0 })
  const second = send(producer, 'b')
  await producer.close()
  expect(await second).toEqual({ partition: 0, offset: 1 })
  expect(await failure(send(producer, 'c'))).toBe('CLOSED')
})

test('close has an end, whatever the broker does', async () => {
  broker.on(produce, () => 'silence')
  const producer = producerWith()
  const sending = [failure(send(producer, 'a'))]
  await until(() => broker.asked).toContain('Produce')
  await producer.close({ timeoutMs: 20 })
  expect(await Promise.all(sending)).toEqual(['DELIVERY_UNKNOWN'])
})

// The ways to send: typed, tried, posted, as a list; and what a message that failed may have become.
import { errors, initProducerId, metadata, produce, type ResponseInput } from '@castellan/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { CastellanError } from '../errors.ts'
import { serdes } from '../serde/serde.ts'
import { topic } from '../serde/topic.ts'
import { FakeBroker } from '../testing/fake-broker.ts'
import { FakeLog } from '../testing/fake-log.ts'
import { stillTime } from '../testing/still-time.ts'
import { producerOptions } from './options.ts'
import { Producer } from './producer.ts'
import type { BatchError } from './send-batch.ts'

const orders = topic('orders', { schema: z.object({ id: z.number() }) })
let broker: FakeBroker
let log: FakeLog
const producers: Producer[] = []

beforeEach(async () => {
  log = new FakeLog()
  broker = await FakeBroker.start()
  broker.topics.set('orders', { id: '00000000-0000-4000-8000-00000000000a', partitions: 1, leaderEpoch: 0 })
  broker.on(initProducerId, () => ({ errorCode: 0, producerId: 7, producerEpoch: 0 }))
  broker.on(produce, (body) => log.take(body))
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

const plain = (value: string) => ({ topic: 'orders', value })
const numbered = (count: number) => Array.from({ length: count }, (_, n) => String(n))
const caught = <E = CastellanError>(promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error('it did not fail')
    },
    (error: E) => error,
  )

describe('typed', () => {
  test('a value that does not fit is refused before it is sent, and the order of the others stands', async () => {
    const producer = producerWith()
    const sending = [1, 2].map((id) => producer.send({ topic: orders, key: 'k', value: { id } }))
    const refused = caught(producer.send({ topic: orders, value: { id: '3' } as never }))
    sending.push(producer.send({ topic: orders, value: { id: 4 }, headers: { a: 'b' } }))
    expect(await refused).toMatchObject({ code: 'VALUE_REFUSED', issues: [{ path: 'id' }], maybeWritten: false })
    expect((await Promise.all(sending)).map(({ offset }) => offset)).toEqual([0, 1, 2])
    expect(log.values).toEqual(['{"id":1}', '{"id":2}', '{"id":4}'])
    expect(log.batches.map(({ baseSequence }) => baseSequence)).not.toContain(3)
  })

  test('the value is taken as it is at the call', async () => {
    const value = { id: 1 }
    const sending = producerWith().send({ topic: orders, value })
    value.id = 2
    await sending
    expect(log.values).toEqual(['{"id":1}'])
  })

  test('the key that is stored chooses the partition', async () => {
    broker.topics.set('orders', { id: '00000000-0000-4000-8000-00000000000a', partitions: 50, leaderEpoch: 0 })
    const producer = producerWith()
    const byNumber = topic('orders', { value: serdes.string, key: serdes.json<{ id: number }>() })
    const typed = await producer.send({ topic: byNumber, key: { id: 5 }, value: 'v' })
    const untyped = await producer.send({ topic: 'orders', key: '{"id":5}', value: 'v' })
    expect(typed.partition).toBe(untyped.partition)
  })

  test('the types are those of the topic', () => {
    const never = (producer: Producer) => {
      // @ts-expect-error the schema wants a number
      void producer.send({ topic: orders, value: { id: '1' } })
      // @ts-expect-error the value may not be left out
      void producer.send({ topic: orders })
      // @ts-expect-error keys are texts
      void producer.trySend({ topic: orders, key: 5, value: { id: 1 } })
      // @ts-expect-error there is no such field
      producer.post({ topic: 'orders', value: 'v', deliverAt: 5 })
      // @ts-expect-error each by its own topic
      void producer.sendBatch([plain('v'), { topic: orders, value: 'v' }])
      void producer.sendBatch([plain('v'), { topic: orders, value: { id: 1 } }])
      void producer.sendBatch([1, 2].map((id) => ({ topic: orders, value: { id } })))
      void producer.sendBatch(['a', 'b'].map(plain))
    }
    expect(never).toBeTypeOf('function')
  })
})

test.each<[string, unknown, RegExp]>([
  ['deliverAt', { ...plain('v'), deliverAt: 5 }, /no field 'deliverAt'.*timestampMs/],
  ['messages', { topic: 'orders', messages: [] }, /sendBatch/],
  ['timestamp', { ...plain('v'), timestamp: '5' }, /timestampMs/],
  ['headers that are none', { ...plain('v'), headers: null }, /headers/],
  ['headers in a Map', { ...plain('v'), headers: new Map([['trace', 'a']]) }, /headers must be an object.*\(Map\)/],
  ['headers in a list', { ...plain('v'), headers: [{ trace: 'a' }] }, /headers must be an object.*\(Array\)/],
  ['a number as header', { ...plain('v'), headers: { tries: [1] } }, /header 'tries' must be a string.*number 1/],
  ['a number as value', plain(5 as never), /value must be a string.*typed topic.*number 5/],
  ['an object as value', plain({ id: 1 } as never), /value must be a string/],
  ['a number as key', { ...plain('v'), key: 5 }, /key must be a string/],
  ['a text as partition', { ...plain('v'), partition: '0' }, /partition must be a number/],
  ['a Date as time', { ...plain('v'), timestampMs: new Date(0) }, /timestampMs must be whole milliseconds/],
  ['no message', undefined, /object with a topic/],
  ['something like a topic', { topic: { name: 'orders' }, value: 'v' }, /castellan\.topic/],
])('refused by name, and nothing of its list is sent: %s', async (_, message, text) => {
  const producer = producerWith()
  const error = { code: 'MESSAGE_INVALID', message: expect.stringMatching(text) }
  expect(await caught(producer.send(message as never))).toMatchObject(error)
  expect(await caught(producer.sendBatch([plain('fine'), message] as never))).toMatchObject(error)
  expect(await producer.send(plain('v'))).toEqual({ partition: 0, offset: 0 })
})

test('trySend says no when the buffer is full, and takes nothing then; a topic that is not known yet is no reason', async () => {
  const producer = producerWith({ bufferBytes: 100 })
  const taken = numbered(10).flatMap((value) => producer.trySend(plain(value.padEnd(30))) ?? [])
  expect(taken).toHaveLength(2)
  await Promise.all(taken)
  expect(await producer.trySend(plain('again'))).toEqual({ partition: 0, offset: 2 })
  expect(log.values).toHaveLength(3)
  await producer.close()
  expect(await caught(producer.trySend(plain('late'))!)).toMatchObject({ code: 'CLOSED' })
})

test('what onPostFailed posts again is looked for anew, not refused with the rest in the same turn', async () => {
  const { host, port } = broker.address
  broker.on(metadata, ({ topics }) => ({
    brokers: [{ nodeId: 1, host, port }],
    topics: (topics ?? []).map(({ name }) => ({
      errorCode: errors.TOPIC_AUTHORIZATION_FAILED.code,
      name,
      partitions: [],
    })),
  }))
  let failures = 0
  const done = Promise.withResolvers<void>()
  const again = () => (++failures < 3 ? producer.post(plain('v')) : done.resolve())
  const producer = producerWith({ onPostFailed: again })
  producer.post(plain('v'))
  await done.promise
  expect(broker.asked.filter((name) => name === 'Metadata').length).toBeGreaterThanOrEqual(3)
})

test('post: what goes wrong is told and counted, and is no unhandled rejection', async () => {
  const failed: [string, unknown][] = []
  const onPostFailed = (error: CastellanError, message: { value?: unknown }) => {
    failed.push([error.code, message.value])
    throw new Error('even this') // is logged
  }
  const producer = producerWith({ bufferBytes: 100, onPostFailed })
  producer.post({ topic: orders, value: { id: 1 } })
  producer.post({ topic: orders, value: { id: 'x' } as never })
  producer.post({ topic: 'orders', value: 5 } as never)
  producer.post(plain('x'.repeat(100)))
  producer.post(plain('no room'))
  await producer.flush()
  log.script.push(errors.INVALID_RECORD.code)
  producer.post(plain('refused'))
  await producer.close()
  producer.post(plain('late'))
  expect(failed.map(([code]) => code).sort()).toEqual(
    ['VALUE_REFUSED', 'BUFFER_FULL', 'MESSAGE_INVALID', 'REFUSED', 'CLOSED'].sort(),
  )
  expect(failed).toContainEqual(['VALUE_REFUSED', { id: 'x' }])
  expect(producer.postsFailed).toBe(5)
  expect(log.values).toEqual(['{"id":1}', 'x'.repeat(100)])
})

describe('sendBatch', () => {
  test('gives the place of each', async () => {
    const producer = producerWith()
    const sent = await producer.sendBatch([plain('a'), { topic: orders, value: { id: 1 } }, plain('b')])
    expect(sent).toEqual([0, 1, 2].map((offset) => ({ partition: 0, offset })))
    expect(await producer.sendBatch([])).toEqual([])
    expect(await caught(producer.sendBatch(plain('a') as never))).toMatchObject({ code: 'MESSAGE_INVALID' })
  })

  test('larger than the buffer: enters as room comes, and nobody overtakes it', async () => {
    const producer = producerWith({ bufferBytes: 200, batchBytes: 100 })
    const first = producer.sendBatch(numbered(500).map(plain))
    expect(producer.trySend(plain('no'))).toBeNull()
    const second = producer.sendBatch(['500', '501'].map(plain))
    const last = producer.send(plain('502'))
    const flushed = producer.flush()
    expect((await first).map(({ offset }) => offset)).toEqual(numbered(500).map(Number))
    await flushed
    await Promise.all([second, last])
    expect(log.values).toEqual(numbered(503))
    expect(Math.max(...log.batches.map(({ values }) => values.length))).toBeLessThanOrEqual(4)
  })

  test('one message that cannot be sent: none is', async () => {
    const producer = producerWith()
    const error = await caught(producer.sendBatch([plain('a'), { topic: orders, value: { id: 'x' } as never }]))
    expect(error).toMatchObject({ code: 'VALUE_REFUSED', issues: [{ path: 'id' }] })
    expect(error.message).toContain('message 1 of 2')
    await producer.flush()
    expect(broker.asked).not.toContain('Produce')
  })

  test('what became of each, when some failed', async () => {
    broker.topics.set('orders', { id: '00000000-0000-4000-8000-00000000000a', partitions: 3, leaderEpoch: 0 })
    const codes = [0, errors.INVALID_RECORD.code, errors.REQUEST_TIMED_OUT.code]
    const time = stillTime(broker.runtime)
    broker.on(produce, ({ topicData }): ResponseInput<typeof produce> => {
      time.go() // all were sent in time, however slow the machine is
      const responses = topicData.map(({ topicId, partitionData }) => ({
        topicId,
        partitionResponses: partitionData.map(({ index }) => ({ index, errorCode: codes[index]!, baseOffset: 40 })),
      }))
      return { responses }
    })
    const producer = producerWith({ deliveryTimeoutMs: 400 }, broker.client({ runtime: time.runtime }))
    const messages = [0, 1, 2, 0].map((partition, n) => ({ ...plain(`${n}`), partition }))
    const error = await caught<BatchError>(producer.sendBatch([...messages, { ...plain('4'), partition: 9 }]))
    expect(error).toMatchObject({
      code: 'BATCH_FAILED',
      maybeWritten: true,
      retriable: false,
      cause: { code: 'REFUSED' },
    })
    expect(error.message).toMatch(/^3 of 5 messages .*2 not written, 1 perhaps written/)
    expect(error.outcomes).toMatchObject([
      { status: 'written', partition: 0, offset: 40 },
      { status: 'not-written', error: { code: 'REFUSED', maybeWritten: false } },
      { status: 'perhaps-written', error: { code: 'DELIVERY_UNKNOWN', maybeWritten: true } },
      { status: 'written', partition: 0, offset: 41 },
      { status: 'not-written', error: { code: 'PARTITION_UNKNOWN' } },
    ])
  })

  test('a close ends what waits for room as well', async () => {
    broker.on(produce, () => 'silence')
    const producer = producerWith({ bufferBytes: 50, batchBytes: 25 })
    const failed = caught<BatchError>(producer.sendBatch(numbered(5).map(plain)))
    await expect.poll(() => broker.asked).toContain('Produce')
    await producer.close({ timeoutMs: 10 })
    const { outcomes } = await failed
    expect(outcomes.map(({ status }) => status)).toEqual([
      'perhaps-written',
      ...numbered(4).map(() => expect.any(String)),
    ])
    expect(outcomes.at(-1)).toMatchObject({ status: 'not-written', error: { code: 'CLOSED' } })
  })
})

test('a refusal after an answer that said nothing: perhaps written', async () => {
  log.script.push(errors.REQUEST_TIMED_OUT.code, errors.INVALID_RECORD.code)
  const error = await caught(producerWith().send(plain('a')))
  expect(error).toMatchObject({ code: 'REFUSED', maybeWritten: true, retriable: false })
  expect(error.next).toContain('duplicate')
})

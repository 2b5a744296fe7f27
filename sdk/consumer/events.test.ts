// What a consumer tells: events, failed attempts, messages that nothing can be done about.
import { expect, test } from 'vitest'
import { z } from 'zod'
import { CastellanError } from '../errors.ts'
import type { Message } from '../kafka/message.ts'
import { topic } from '../serde/topic.ts'
import type { TypedMessage } from '../serde/typed-message.ts'
import { topicId } from '../testing/fake-group.ts'
import { quickRetry, until, useGroup } from '../testing/use-group.ts'
import { NotRetriable } from './retry.ts'

const bench = useGroup()
const orders = topic('orders', { schema: z.object({ id: z.number() }) })
type Order = TypedMessage<'orders', { id: number }, string | null>

test('a listener that throws harms nobody, and one that stopped is not called', async () => {
  const { group } = bench
  group.append(0, 'a')
  const consumer = bench.consumer()
  const told: string[] = []
  consumer.on('assigned', () => {
    throw new Error('no good')
  })
  consumer.on('assigned', async () => {
    throw new Error('no good either')
  })
  const stop = consumer.on('assigned', () => told.push('stopped'))
  consumer.on('assigned', ({ partitions }) => told.push(`${partitions[0]?.topic}/${partitions[0]?.partition}`))
  stop()
  void consumer.run(() => {})
  await until(() => group.committed.get(0)).toBe(1)
  expect(told).toEqual(['orders/0'])
})

test.each([
  ['asigned', () => {}, "there is no event 'asigned'. There are: assigned, revoked"],
  ['assigned', null, 'the listener must be a function'],
])('on(%j, %j) is refused', (name, listener, message) => {
  expect(() => bench.consumer().on(name as never, listener as never)).toThrow(message)
})

test('revoked: a partition is given up when its listeners are done, and they may commit', async () => {
  const { group } = bench
  group.append(0, 'a', 'b')
  const consumer = bench.consumer({ autoCommit: false })
  let handled = 0
  const { promise: flushed, resolve: flush } = Promise.withResolvers<void>()
  consumer.on('revoked', async () => {
    await flushed
    await consumer.commit()
  })
  void consumer.run(() => void handled++)
  await until(() => handled).toBe(2)
  group.assigned = []
  await bench.heartbeats(3)
  expect(consumer.assignment).toHaveLength(1)
  flush()
  await until(() => consumer.assignment).toEqual([])
  expect(group.committed.get(0)).toBe(2)
})

test('moved: another broker leads', async () => {
  const consumer = bench.consumer()
  const told: unknown[] = []
  consumer.on('moved', (event) => told.push(event))
  void consumer.run(() => {})
  await until(() => consumer.assignment[0]?.offset).toBe(0)
  const { view } = bench.client
  view.tellBroker({ id: 2, ...bench.group.broker.address, rack: null })
  view.tellLeader(topicId, 0, { leader: -1, leaderEpoch: 4 })
  view.tellLeader(topicId, 0, { leader: 2, leaderEpoch: 5 })
  // The same broker again, at another epoch, has not moved.
  view.tellLeader(topicId, 0, { leader: 2, leaderEpoch: 6 })
  expect(told).toEqual([{ topic: 'orders', partition: 0, from: 1, to: 2, leaderEpoch: 5 }])
})

test.each([
  ['its error says so', {}, () => new NotRetriable('the account was closed')],
  [
    'retry.retriable says so',
    { retriable: (error: unknown) => !(error instanceof RangeError) },
    () => new RangeError('x'),
  ],
])('not tried again, for %s: stuck at once, until somebody resumes or seeks', async (_, retry, make) => {
  const { group } = bench
  group.append(0, 'a', 'b')
  const consumer = bench.consumer({ retry: { ...quickRetry, ...retry } })
  const told: unknown[] = []
  consumer.on('retrying', () => told.push('retrying'))
  consumer.on('stuck', ({ offset, attempts, isRetried }) => told.push({ offset, attempts, isRetried }))
  consumer.on('going-on', ({ isDone }) => told.push(isDone ? 'done' : 'left'))
  const handled: string[] = []
  let attempts = 0
  void consumer.run(({ text }: Message) => {
    attempts++
    if (text === 'a') throw make()
    handled.push(text!)
  })
  await until(() => consumer.stuck).toMatchObject([{ offset: 0, isRetried: false }])
  await bench.heartbeats(2)
  expect(attempts).toBe(1)
  consumer.resume()
  await until(() => attempts).toBe(2)
  await consumer.seek('orders', 0, 1)
  await until(() => handled).toEqual(['b'])
  expect(told).toEqual([{ offset: 0, attempts: 1, isRetried: false }, 'left'])
})

test('a retry.retriable that fails itself counts as yes', async () => {
  bench.group.append(0, 'a')
  const retriable = () => {
    throw new Error('no good')
  }
  let attempts = 0
  void bench.consumer({ retry: { ...quickRetry, retriable } }).run(() => {
    if (++attempts < 3) throw new Error('not yet')
  })
  await until(() => bench.group.committed.get(0)).toBe(1)
  expect(attempts).toBe(3)
})

test('typed messages; one that cannot be decoded is a failed attempt of its own code, and stops its partition only', async () => {
  const { group } = bench
  group.assigned = [0, 1]
  group.appendRecords(0, { key: 'k', value: '{"id":1}' }, { value: '{"id":"no"}' }, { value: '{"id":3}' })
  const consumer = bench.consumer<Order>({ topics: [orders], retry: { ...quickRetry, maxAttempts: 2 } })
  const seen: (number | string | null)[] = []
  const errors: unknown[] = []
  consumer.on('retrying', ({ error }) => errors.push(error))
  void consumer.run(({ key, value }) => void seen.push(key, value.id))
  await until(() => consumer.stuck).toMatchObject([
    { offset: 1, attempts: expect.any(Number), code: 'MESSAGE_UNDECODABLE' },
  ])
  expect(errors[0]).toBeInstanceOf(CastellanError)
  expect(errors[0]).toMatchObject({ code: 'MESSAGE_UNDECODABLE', issues: [{ path: 'id' }] })
  group.append(1, '{"id":7}')
  await until(() => seen).toEqual(['k', 1, null, 7])
  await consumer.seek('orders', 0, 2)
  await until(() => seen).toEqual(['k', 1, null, 7, null, 3])
})

test('batches of typed messages; one that cannot be decoded ends the batch before it, and is stuck alone', async () => {
  const { group } = bench
  group.append(0, '{"id":1}', '{"id":2}', 'no', '{"id":4}')
  const seen: number[][] = []
  const consumer = bench.consumer<Order>({ topics: [orders], retry: { ...quickRetry, maxAttempts: 1 } })
  void consumer.runBatches(({ messages, nextOffset }) => {
    seen.push([...messages.map(({ value }) => value.id), nextOffset])
  })
  await until(() => consumer.stuck).toMatchObject([{ offset: 2, code: 'MESSAGE_UNDECODABLE' }])
  await until(() => group.committed.get(0)).toBe(2)
  await consumer.seek('orders', 0, 3)
  await until(() => seen).toEqual([
    [1, 2, 2],
    [4, 4],
  ])
})

test('a listener of revoked that never ends holds nobody for ever', async () => {
  const consumer = bench.consumer()
  consumer.on('revoked', () => new Promise(() => {}))
  const ended = consumer.run(() => {})
  await until(() => consumer.assignment).toHaveLength(1)
  await consumer.close({ timeoutMs: 0 })
  await ended
})

test('what is stuck and goes to another member is stuck here no more', async () => {
  const { group } = bench
  const bytes = group.append(0, 'a')
  bytes[bytes.length - 1]! ^= 1
  const consumer = bench.consumer({ retry: { ...quickRetry, maxAttempts: 1 } })
  const told: unknown[] = []
  consumer.on('going-on', (event) => told.push(event))
  void consumer.run(() => {})
  await until(() => consumer.stuck).toMatchObject([{ offset: 0, code: 'DATA_CORRUPT' }])
  group.assigned = []
  await until(() => told).toEqual([{ topic: 'orders', partition: 0, offset: 0, isDone: false }])
})

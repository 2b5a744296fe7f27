import { errors, metadata } from '@castellan/protocol'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FakeBroker } from '../testing/fake-broker.ts'

const topicId = '00000000-0000-4000-8000-00000000000a'
let broker: FakeBroker

beforeEach(async () => {
  broker = await FakeBroker.start()
  broker.topics.set('orders', { id: topicId, partitions: 2, leaderEpoch: 3 })
})

afterEach(async () => {
  await broker.stop()
})

const until = (what: () => unknown) => expect.poll(what)

test('whoever asks at the same time shares one request', async () => {
  const client = broker.client()
  const topics = await Promise.all(
    Array.from({ length: 20 }, () => client.metadata.topic('orders', { timeoutMs: 5_000 })),
  )
  expect(new Set(topics).size).toBe(1)
  expect(topics[0]).toMatchObject({
    id: topicId,
    partitions: [
      { leader: 1, leaderEpoch: 3 },
      { leader: 1, leaderEpoch: 3 },
    ],
  })
  expect(broker.asked).toEqual(['Metadata'])
  for (let n = 0; n < 20; n++) client.metadata.refresh()
  await until(() => broker.asked.length).toBe(2)
})

test('asked again and again in vain, it asks less and less often', async () => {
  const client = broker.client()
  const { clock } = client.runtime
  const sinceMs = clock.nowMs()
  client.view.onChange(() => client.metadata.refresh())
  client.metadata.refresh()
  await until(() => broker.asked.length > 2 && clock.nowMs() - sinceMs > 1_000).toBe(true)
  // 20 ms, 40 ms, 80 ms, ... apart.
  expect(broker.asked.length).toBeLessThan((9 * (clock.nowMs() - sinceMs)) / 1_000)
})

test('a broker that breaks is asked again', async () => {
  let breaks = 2
  const client = broker.client()
  broker.garble = () => {
    if (breaks-- > 0) broker.hangUp()
  }
  expect(await client.metadata.topic('orders', { timeoutMs: 5_000 })).toMatchObject({ id: topicId })
})

test('a topic id finds its name', async () => {
  const client = broker.client()
  client.metadata.useId(topicId)
  await until(() => client.view.topicById(topicId)?.name).toBe('orders')
})

test('a topic that nobody may see', async () => {
  const topic = { errorCode: errors.TOPIC_AUTHORIZATION_FAILED.code, name: 'orders', partitions: [] }
  broker.on(metadata, () => ({ brokers: [{ nodeId: 1, ...broker.address }], topics: [topic] }))
  await expect(broker.client().metadata.topic('orders', { timeoutMs: 5_000 })).rejects.toMatchObject({
    code: 'REFUSED',
    kafkaCode: 29,
  })
})

test('one that nobody can tell, an abort, a closed client', async () => {
  const client = broker.client()
  await broker.stopListening()
  await expect(client.metadata.topic('orders', { timeoutMs: 30 })).rejects.toMatchObject({
    code: 'REQUEST_TIMEOUT',
    retriable: true,
  })
  const abort = new AbortController()
  const waiting = client.metadata.topic('orders', { timeoutMs: 5_000, signal: abort.signal })
  abort.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  client.close()
  await expect(client.metadata.topic('orders', { timeoutMs: 5_000 })).rejects.toMatchObject({ code: 'CLOSED' })
})

test('one that Castle calls missing is given a while', async () => {
  broker.on(metadata, () => 'silence')
  const client = broker.client()
  client.metadata.tellMissing(['orders'])
  const startMs = client.runtime.clock.nowMs()
  await expect(client.metadata.topic('orders', { timeoutMs: 10_000 })).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN' })
  expect(client.runtime.clock.nowMs() - startMs).toBeGreaterThan(2_000)
})

test('when nobody answers in time: what stood in the way, if anything was said', async () => {
  const silent = broker.client()
  broker.on(metadata, () => 'silence')
  const text = /^no broker answered within 20 ms: whoever took a connection said nothing of brokers$/
  await expect(silent.metadata.whenKnown(20)).rejects.toMatchObject({
    code: 'NO_BROKER',
    message: expect.stringMatching(text),
  })
})

// A consumer as services see it: handling, failing, batches, bounds, its end.
import { errors } from '@castellan/protocol'
import { sleep } from '@castellan/protocol/runtime'
import { expect, test, vi } from 'vitest'
import { aborted, quickRetry, run, until, useGroup } from '../testing/use-group.ts'
import { NotRetriable } from './retry.ts'
import type { Stuck } from './types.ts'

const bench = useGroup()

test('handles partitions side by side, each in order, and commits what is done', async () => {
  const { group } = bench
  group.assigned = [0, 1]
  group.append(0, 'a', 'b')
  group.append(1, 'x')
  let release: () => void = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const { handled } = run(bench.consumer(), (value) => (value === 'a' ? held : undefined))
  await until(() => handled).toEqual(['1:x'])
  await until(() => group.committed.get(1)).toBe(1)
  expect(group.committed.get(0) ?? 0).toBe(0)
  release()
  await until(() => handled).toEqual(['1:x', '0:a', '0:b'])
  await until(() => group.committed.get(0)).toBe(2)
})

test('goes on where the group has committed', async () => {
  const { group } = bench
  group.append(0, 'a', 'b', 'c')
  group.committed.set(0, 2)
  const { handled } = run(bench.consumer())
  await until(() => handled).toEqual(['0:c'])
})

test('a failing handler is tried again in place, with back-off; after maxAttempts the partition is stuck, and goes on trying', async () => {
  const { group } = bench
  group.append(0, 'bad', 'next')
  const stuck: Stuck[] = []
  const retrying: number[] = []
  const attempts: number[] = []
  const consumer = bench.consumer({ retry: { ...quickRetry, maxAttempts: 3 } })
  let goesOn: unknown
  consumer.on('stuck', (one) => stuck.push(one))
  consumer.on('retrying', ({ attempts, delayMs }) => retrying.push(delayMs > 0 ? attempts : 0))
  consumer.on('going-on', (event) => {
    goesOn = event
  })
  const { handled } = run(consumer, (value, { attempt }) => {
    if (value === 'bad') attempts.push(attempt)
    if (value === 'bad' && attempt < 6) throw new Error(`attempt ${attempt}`)
  })
  await until(() => consumer.stuck).toMatchObject([
    { topic: 'orders', partition: 0, offset: 0, attempts: expect.any(Number) },
  ])
  await until(() => handled).toEqual(['0:bad', '0:next'])
  expect(attempts).toEqual([1, 2, 3, 4, 5, 6])
  expect(stuck).toEqual([expect.objectContaining({ attempts: 3, error: 'attempt 3', code: null, isRetried: true })])
  expect(retrying).toEqual([1, 2, 3, 4, 5])
  expect(goesOn).toEqual({ topic: 'orders', partition: 0, offset: 0, isDone: true })
  expect(consumer.stuck).toEqual([])
})

test.each<[string, () => unknown]>([
  ['nothing', () => Promise.reject()],
  ['an object without a prototype', () => Promise.reject(Object.create(null))],
  ['an error whose message is no text', () => Promise.reject(Object.assign(new Error(), { message: { status: 503 } }))],
  [
    'an error whose code throws',
    () =>
      Promise.reject({
        get code() {
          throw new Error('even this')
        },
      }),
  ],
  // biome-ignore lint/suspicious/noThenProperty: some query builders are such functions
  ['a function with a then', () => Object.assign(() => {}, { then: (_: unknown, no: () => void) => no() })],
])('a failed attempt, whatever is thrown: %s', async (_, fail) => {
  const { group } = bench
  group.append(0, 'a', 'b')
  const consumer = bench.consumer({ retry: { ...quickRetry, maxAttempts: 2 } })
  const stuck: Stuck[] = []
  consumer.on('stuck', (one) => stuck.push(one))
  const attempts: number[] = []
  void consumer.run((message, { attempt }) => {
    attempts.push(attempt)
    return message.text === 'a' && attempt < 3 ? fail() : undefined
  })
  await until(() => attempts).toEqual([1, 2, 3, 1])
  expect(stuck).toMatchObject([{ offset: 0, attempts: 2, error: expect.any(String), code: null }])
})

test('what another copy of the SDK made is known: a typed topic, and an error for good', async () => {
  const { group } = bench
  vi.resetModules()
  const other: typeof import('../index.ts') = await import('../index.ts')
  expect(other.NotRetriable).not.toBe(NotRetriable)
  group.append(0, 'a')
  const consumer = bench.consumer({ topics: [other.topic('orders', { value: other.serdes.string })] })
  const seen: unknown[] = []
  void consumer.run(({ value }) => {
    seen.push(value)
    throw new other.NotRetriable('never')
  })
  await until(() => consumer.stuck).toMatchObject([{ attempts: 1, isRetried: false }])
  expect(seen).toEqual(['a'])
})

test('a batch is handled as one, and committed when it is done', async () => {
  const { group } = bench
  group.append(0, 'a', 'b')
  group.append(0, 'c')
  const batches: [string[], number, number][] = []
  const consumer = bench.consumer({ batchMessagesMax: 2 })
  void consumer.runBatches(({ messages, nextOffset }, { attempt }) => {
    batches.push([messages.map(({ text }) => text!), nextOffset, attempt])
    if (attempt === 1 && nextOffset === 2) throw new Error('once more')
  })
  await until(() => group.committed.get(0)).toBe(3)
  expect(batches).toEqual([
    [['a', 'b'], 2, 1],
    [['a', 'b'], 2, 2],
    [['c'], 3, 1],
  ])
})

test('prefetch is bounded', async () => {
  const { group } = bench
  const value = 'x'.repeat(10_000)
  for (let n = 0; n < 50; n++) group.append(0, value)
  let release: () => void = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const { handled } = run(bench.consumer({ prefetchBytes: 30_000 }), () => held)
  await until(() => group.broker.asked).toContain('Fetch')
  await bench.heartbeats(3)
  // The whole log comes with one answer of this broker; there is no second.
  expect(group.broker.asked.filter((name) => name === 'Fetch')).toHaveLength(1)
  release()
  await until(() => handled.length).toBe(50)
})

test('a partition that is stuck with a full buffer does not keep others from being read', async () => {
  const { group } = bench
  group.assigned = [0, 1]
  const value = 'x'.repeat(10_000)
  group.append(0, value, value, value)
  const held = new Promise<void>(() => {})
  let isStuck = false
  const { handled } = run(bench.consumer({ prefetchBytes: 1_000 }), (text) => {
    if (text !== value) return
    isStuck = true
    return held
  })
  await until(() => isStuck).toBe(true)
  for (const text of ['a', 'b', 'c']) {
    group.append(1, text)
    await until(() => handled.at(-1)).toBe(`1:${text}`)
  }
})

test('close does not wait longer for a partition that is on its way out than for others', async () => {
  const { group } = bench
  group.append(0, 'a')
  let started = false
  const consumer = bench.consumer({ revokeTimeoutMs: 60_000 })
  const { ended } = run(consumer, async (_, { signal }) => {
    started = true
    await aborted(signal)
  })
  await until(() => started).toBe(true)
  group.assigned = []
  await bench.heartbeats(2)
  await consumer.close({ timeoutMs: 20 })
  await ended
})

test('close lets handlers finish, commits, leaves the group, and says so once', async () => {
  const { group } = bench
  group.append(0, 'a', 'b')
  const consumer = bench.consumer({ autoCommitIntervalMs: 60_000 })
  let started = false
  const { handled, ended } = run(consumer, async () => {
    started = true
    await sleep(group.broker.runtime.clock, 30)
  })
  await until(() => started).toBe(true)
  await Promise.all([consumer.close(), consumer.close()])
  await ended
  expect(handled).toEqual(['0:a'])
  expect(group.committed.get(0)).toBe(1)
  expect(group.heartbeats.filter(({ memberEpoch }) => memberEpoch === -1)).toHaveLength(1)
})

test('a group that refuses the member', async () => {
  const { group } = bench
  group.heartbeatScript.push(errors.GROUP_AUTHORIZATION_FAILED.code)
  const consumer = bench.consumer()
  const { ended } = run(consumer)
  await expect(ended).rejects.toMatchObject({
    code: 'GROUP_REFUSED',
    kafkaCode: errors.GROUP_AUTHORIZATION_FAILED.code,
  })
  await expect(consumer.ready).rejects.toMatchObject({ code: 'GROUP_REFUSED' })
  await expect(consumer.run(() => {})).rejects.toMatchObject({ code: 'CLOSED' })
})

test('a service may say where to start; when that fails, it is asked again', async () => {
  const { group } = bench
  group.append(0, 'a', 'b', 'c')
  let calls = 0
  const startOffsets = async () => {
    if (++calls === 1) throw new Error('the store is away')
    return [{ topic: 'orders', partition: 0, offset: 1 }]
  }
  const { handled } = run(bench.consumer({ startOffsets }))
  await until(() => handled).toEqual(['0:b', '0:c'])
  expect(calls).toBe(2)
})

// `concurrency`: a consumer that handles several keys of a partition at once.
import { getMaxListeners } from 'node:events'
import { errors } from '@castellan/protocol'
import { expect, test } from 'vitest'
import type { Message } from '../kafka/message.ts'
import { aborted, quickRetry, until, useGroup } from '../testing/use-group.ts'
import type { HandlerContext } from './types.ts'

const bench = useGroup()

/** `a1 b1 a2`: messages of the keys a, b, a. */
function append(partition: number, texts: string): void {
  bench.group.appendRecords(partition, ...texts.split(' ').map((value) => ({ key: value[0]!, value })))
}

/** A consumer whose handlers wait until they are let go. */
function held(options: object = {}) {
  const consumer = bench.consumer({ concurrency: 3, autoCommitIntervalMs: 5, ...options })
  const running = new Map<string, { resolve: () => void; reject: (error: Error) => void; context: HandlerContext }>()
  const ended = consumer.run((message: Message, context) => {
    const text = message.text!
    return new Promise<void>((resolve, reject) => running.set(text, { resolve, reject, context })).finally(() =>
      running.delete(text),
    )
  })
  return { consumer, running, ended, names: () => [...running.keys()].sort() }
}

test('different keys side by side, a key in order; committed is what is done without a gap', async () => {
  const { group } = bench
  append(0, 'a1 a2 b1 c1 b2 d1')
  const { running, names } = held()
  await until(names).toEqual(['a1', 'b1', 'c1'])
  running.get('b1')!.resolve()
  await until(names).toEqual(['a1', 'b2', 'c1'])
  running.get('c1')!.resolve()
  await until(names).toEqual(['a1', 'b2', 'd1'])
  await bench.heartbeats(2)
  expect(group.committed.get(0) ?? 0).toBe(0)
  running.get('a1')!.resolve()
  await until(names).toEqual(['a2', 'b2', 'd1'])
  await until(() => group.committed.get(0)).toBe(1)
  running.get('a2')!.resolve()
  await until(() => group.committed.get(0)).toBe(4)
  for (const { resolve } of [...running.values()]) resolve()
})

test('a key that fails stops no other, until the window is full; it is stuck, then goes on', async () => {
  append(0, 'a1 b1 c1 d1 e1 f1')
  const handled: string[] = []
  let isMended = false
  const consumer = bench.consumer({ concurrency: 2, windowMessagesMax: 4, retry: { ...quickRetry, maxAttempts: 2 } })
  const told: string[] = []
  consumer.on('stuck', ({ offset, attempts }) => told.push(`stuck at ${offset} after ${attempts}`))
  consumer.on('going-on', ({ offset, isDone }) => told.push(`${offset} ${isDone ? 'done' : 'left'}`))
  void consumer.run(({ text }: Message) => {
    if (text === 'a1' && !isMended) throw new Error('not yet')
    handled.push(text!)
  })
  await until(() => handled).toEqual(['b1', 'c1', 'd1'])
  await until(() => consumer.stuck).toMatchObject([{ offset: 0, error: 'not yet' }])
  await bench.heartbeats(2)
  expect(handled).toEqual(['b1', 'c1', 'd1'])
  expect(bench.group.committed.get(0) ?? 0).toBe(0)
  isMended = true
  await until(() => handled).toEqual(['b1', 'c1', 'd1', 'a1', 'e1', 'f1'])
  await until(() => bench.group.committed.get(0)).toBe(6)
  expect(told).toEqual(['stuck at 0 after 2', '0 done'])
})

test('a partition that goes: handlers finish, what is done without a gap is committed, and the rest is left', async () => {
  const { group } = bench
  append(0, 'a1 b1 c1 d1')
  const { running, names } = held({ autoCommitIntervalMs: 60_000 })
  await until(names).toEqual(['a1', 'b1', 'c1'])
  group.assigned = []
  group.memberEpoch = 2
  await bench.heartbeats(2)
  running.get('a1')!.resolve()
  running.get('c1')!.resolve()
  running.get('b1')!.reject(new Error('not yet'))
  await until(() => group.heartbeats.at(-1)?.topicPartitions).toEqual([])
  expect(group.commits.at(-1)).toMatchObject({ partition: 0, offset: 1 })
  expect(names()).toEqual([])
})

test('a partition that is lost: all its handlers are told, and nothing is committed', async () => {
  const { group } = bench
  append(0, 'a1 b1 c1 d1')
  const { running, names } = held({ autoCommitIntervalMs: 60_000 })
  await until(names).toEqual(['a1', 'b1', 'c1'])
  const signals = [...running.values()].map(({ context }) => context.signal)
  group.assigned = []
  group.heartbeatScript.push(errors.FENCED_MEMBER_EPOCH.code)
  await Promise.all(signals.map(aborted))
  for (const { resolve } of [...running.values()]) resolve()
  await bench.heartbeats(2)
  expect(group.commits).toEqual([])
  expect(names()).toEqual([])
})

test('a damaged batch is read again when what comes before it is done', async () => {
  const { group } = bench
  append(0, 'a1 b1')
  const bytes = group.appendRecords(0, { key: 'c', value: 'c1' })
  bytes[bytes.length - 1]! ^= 1
  const seen: string[] = []
  const consumer = bench.consumer({ concurrency: 4, retry: { ...quickRetry, maxAttempts: 2 } })
  void consumer.run(({ text }: Message) => void seen.push(text!))
  await until(() => consumer.stuck).toMatchObject([{ offset: 2, code: 'DATA_CORRUPT' }])
  await until(() => group.committed.get(0)).toBe(2)
  await bench.heartbeats(2)
  bytes[bytes.length - 1]! ^= 1
  await until(() => seen).toEqual(['a1', 'b1', 'c1'])
  await until(() => consumer.stuck).toEqual([])
  // Reading it again and again commits nothing again.
  expect(group.commits.filter(({ offset }) => offset === 2).length).toBeLessThan(3)
})

test('what takes messages one after another is refused beside it', async () => {
  const consumer = bench.consumer({ concurrency: 2 })
  const refused = { code: 'CONCURRENCY_UNSUPPORTED' }
  await expect(consumer.runBatches(() => {})).rejects.toMatchObject(refused)
  expect(() => consumer[Symbol.asyncIterator]()).toThrow(expect.objectContaining(refused))
  const position = { topic: 'orders', partition: 0, offset: 0, leaderEpoch: 1 }
  await expect(consumer.commit(position)).rejects.toMatchObject(refused)
  // Nothing of that used it up.
  const { group } = bench
  append(0, 'a1')
  void consumer.run(() => {})
  await until(() => group.committed.get(0)).toBe(1)
})

test('a signal that many handlers listen to is no leak to Node', async () => {
  append(0, 'a1 b1')
  const { running, names } = held()
  await until(names).toEqual(['a1', 'b1'])
  expect(getMaxListeners(running.get('a1')!.context.signal)).toBe(0)
  for (const { resolve } of [...running.values()]) resolve()
})

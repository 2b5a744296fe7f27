import { errors } from '@castellan/protocol'
import { sleep } from '@castellan/protocol/runtime'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { KafkaClient } from '../kafka/client.ts'
import { FakeGroup } from '../testing/fake-group.ts'
import { Consumer } from './consumer.ts'
import { consumerOptions } from './options.ts'
import { NotRetriable } from './retry.ts'
import type { HandlerContext, Stuck } from './types.ts'

let group: FakeGroup
let client: KafkaClient
const consumers: Consumer[] = []

beforeEach(async () => {
  group = await FakeGroup.start()
  client = group.broker.client()
})

afterEach(async () => {
  await Promise.all(consumers.splice(0).map((consumer) => consumer.close({ timeoutMs: 0 })))
  await group.stop()
})

const quick = { initialIntervalMs: 1, maxIntervalMs: 2 }

function consumerWith(options: object = {}, of = client): Consumer {
  const given = { group: 'g', topics: ['orders'], autoCommitIntervalMs: 10, fetchWaitMs: 20, retry: quick, ...options }
  const consumer = new Consumer(of, consumerOptions(given))
  consumers.push(consumer)
  return consumer
}

/** Runs it; what it handles, as partition:value. */
function run(consumer: Consumer, handler: (value: string, context: HandlerContext) => unknown = () => {}) {
  const handled: string[] = []
  const ended = consumer.run(async (message, context) => {
    await handler(message.text!, context)
    handled.push(`${message.partition}:${message.text}`)
  })
  ended.catch(() => {}) // looked at by those tests that expect an end
  return { handled, ended }
}

/** So many more: time enough for what must not happen to happen. */
function heartbeats(count: number) {
  const before = group.heartbeats.length
  return until(() => group.heartbeats.length).toBeGreaterThan(before + count)
}

const aborted = (signal: AbortSignal) => new Promise((resolve) => signal.addEventListener('abort', resolve))

const until = (what: () => unknown) => expect.poll(what, { timeout: 5_000, interval: 2 })

test('handles partitions side by side, each in order, and commits what is done', async () => {
  group.assigned = [0, 1]
  group.append(0, 'a', 'b')
  group.append(1, 'x')
  let release: () => void = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const { handled } = run(consumerWith(), (value) => (value === 'a' ? held : undefined))
  await until(() => handled).toEqual(['1:x'])
  await until(() => group.committed.get(1)).toBe(1)
  expect(group.committed.get(0) ?? 0).toBe(0)
  release()
  await until(() => handled).toEqual(['1:x', '0:a', '0:b'])
  await until(() => group.committed.get(0)).toBe(2)
})

test('goes on where the group has committed', async () => {
  group.append(0, 'a', 'b', 'c')
  group.committed.set(0, 2)
  const { handled } = run(consumerWith())
  await until(() => handled).toEqual(['0:c'])
})

test('a failing handler is tried again in place, with back-off; after maxAttempts the partition is stuck, and goes on trying', async () => {
  group.append(0, 'bad', 'next')
  const stuck: Stuck[] = []
  const retrying: number[] = []
  const attempts: number[] = []
  const consumer = consumerWith({ retry: { ...quick, maxAttempts: 3 } })
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
  group.append(0, 'a', 'b')
  const consumer = consumerWith({ retry: { ...quick, maxAttempts: 2 } })
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
  vi.resetModules()
  const other: typeof import('../index.ts') = await import('../index.ts')
  expect(other.NotRetriable).not.toBe(NotRetriable)
  group.append(0, 'a')
  const consumer = consumerWith({ topics: [other.topic('orders', { value: other.serdes.string })] })
  const seen: unknown[] = []
  void consumer.run(({ value }) => {
    seen.push(value)
    throw new other.NotRetriable('never')
  })
  await until(() => consumer.stuck).toMatchObject([{ attempts: 1, isRetried: false }])
  expect(seen).toEqual(['a'])
})

test('a batch is handled as one, and committed when it is done', async () => {
  group.append(0, 'a', 'b')
  group.append(0, 'c')
  const batches: [string[], number, number][] = []
  const consumer = consumerWith({ batchMessagesMax: 2 })
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

describe('when a partition goes', () => {
  test('its handler finishes, its offset is committed, then it is given up', async () => {
    group.assigned = [0, 1]
    group.append(0, 'a', 'b')
    let release: () => void = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    let started = false
    const { handled } = run(consumerWith(), () => {
      started = true
      return held
    })
    await until(() => started).toBe(true)
    group.assigned = [1]
    group.memberEpoch = 2
    await until(() => group.heartbeats.at(-1)?.memberEpoch).toBe(2)
    // Not given up while its handler runs.
    expect(heldOf(group)).toEqual([0, 1])
    release()
    await until(() => heldOf(group)).toEqual([1])
    expect(handled).toEqual(['0:a'])
    expect(group.commits.at(-1)).toEqual({ partition: 0, offset: 1, memberEpoch: 2 })
  })

  test('a handler that takes too long is told, and then left', async () => {
    group.append(0, 'a', 'b')
    const reasons: unknown[] = []
    let started = false
    const { handled } = run(consumerWith({ revokeTimeoutMs: 10 }), async (_, { signal }) => {
      started = true
      await aborted(signal)
      reasons.push(signal.reason.code)
      throw signal.reason
    })
    await until(() => started).toBe(true)
    group.assigned = []
    await until(() => heldOf(group)).toEqual([])
    expect(reasons).toEqual(['PARTITION_LOST'])
    expect(handled).toEqual([])
    // Where it started, at most.
    expect(group.committed.get(0) ?? 0).toBe(0)
  })

  test('fenced: everything is dropped at once, and the member joins again', async () => {
    group.append(0, 'a')
    const seen: string[] = []
    const told: string[] = []
    const consumer = consumerWith()
    for (const name of ['assigned', 'revoked', 'lost'] as const) {
      consumer.on(name, ({ partitions }) => told.push(`${name} ${partitions.map(({ partition }) => partition)}`))
    }
    run(consumer, async (value, { signal, assignmentEpoch }) => {
      seen.push(`${value} at ${assignmentEpoch}`)
      if (assignmentEpoch > 1) return
      await aborted(signal)
      throw signal.reason
    })
    await until(() => seen).toEqual(['a at 1'])
    group.memberEpoch = 5
    group.heartbeatScript.push(errors.FENCED_MEMBER_EPOCH.code)
    await until(() => seen).toEqual(['a at 1', 'a at 5'])
    expect(told).toEqual(['assigned 0', 'lost 0', 'assigned 0'])
    const joins = group.heartbeats.filter(({ memberEpoch }) => memberEpoch === 0)
    expect(joins.map(({ topicPartitions }) => topicPartitions)).toEqual([[], []])
    expect(new Set(group.heartbeats.map(({ memberId }) => memberId)).size).toBe(1)
  })
})

function heldOf({ heartbeats }: FakeGroup): number[] | undefined {
  return heartbeats
    .findLast(({ topicPartitions }) => topicPartitions !== null)
    ?.topicPartitions?.flatMap(({ partitions }) => partitions)
}

test('a session that runs out stops handlers and starts none; when the coordinator is back, they go on', async () => {
  group.sessionMs = 1_000
  group.append(0, 'a')
  const attempts: number[] = []
  let isAborted = false
  const { handled } = run(consumerWith(), async (_, { signal, attempt }) => {
    attempts.push(attempt)
    if (attempts.length > 1) return
    await aborted(signal)
    isAborted = true
    throw signal.reason
  })
  await until(() => attempts).toEqual([1])
  // The member has to learn the session's length first.
  await until(() => group.broker.asked).toContain('DescribeConfigs')
  await heartbeats(5)
  group.refusal = errors.COORDINATOR_LOAD_IN_PROGRESS.code
  await until(() => isAborted).toBe(true)
  group.append(0, 'b')
  await heartbeats(1)
  expect(attempts).toEqual([1])
  group.refusal = 0
  await until(() => handled).toEqual(['0:a', '0:b'])
  // The aborted attempt does not count against the message.
  expect(attempts).toEqual([1, 1, 1])
})

test('a session that runs out stops handlers, though the timer that watches it comes too early', async () => {
  group.sessionMs = 500
  group.append(0, 'a')
  const { runtime } = group.broker
  const early = (delayMs: number, task: () => void) => runtime.clock.after(delayMs > 100 ? delayMs - 20 : delayMs, task)
  const hasty = group.broker.client({ runtime: { ...runtime, clock: { ...runtime.clock, after: early } } })
  let isAborted = false
  run(consumerWith({ sessionTimeoutMs: 500 }, hasty), async (_, { signal }) => {
    if (isAborted) return
    await aborted(signal)
    isAborted = true
    throw signal.reason
  })
  await heartbeats(3)
  group.refusal = errors.COORDINATOR_LOAD_IN_PROGRESS.code
  await until(() => isAborted).toBe(true)
})

describe('commits', () => {
  test.each([
    ['STALE_MEMBER_EPOCH', 2],
    ['NOT_COORDINATOR', 1],
    ['COORDINATOR_LOAD_IN_PROGRESS', 1],
  ] as const)('%s: tried again', async (name, memberEpoch) => {
    group.append(0, 'a')
    const consumer = consumerWith({ autoCommit: false })
    const { handled } = run(consumer)
    await until(() => handled.length).toBe(1)
    group.commitScript.push(errors[name].code)
    group.memberEpoch = memberEpoch
    await consumer.commit()
    expect(group.committed.get(0)).toBe(1)
    expect(group.commits).toEqual([{ partition: 0, offset: 1, memberEpoch }])
  })

  test.each(['UNKNOWN_MEMBER_ID', 'FENCED_MEMBER_EPOCH'] as const)('%s: the partition is not ours', async (name) => {
    group.append(0, 'a')
    const consumer = consumerWith({ autoCommit: false })
    const { handled } = run(consumer)
    await until(() => handled.length).toBe(1)
    group.commitScript.push(errors[name].code)
    await expect(consumer.commit()).rejects.toMatchObject({ code: 'COMMIT_REFUSED', kafkaCode: errors[name].code })
  })

  test('of a message, of offsets, and of what is not assigned', async () => {
    group.append(0, 'a', 'b', 'c')
    const consumer = consumerWith({ autoCommit: false })
    const ended = consumer.run(async (message) => {
      if (message.text === 'b') await consumer.commit(message)
    })
    await until(() => group.committed.get(0)).toBe(2)
    await consumer.commit([{ topic: 'orders', partition: 0, offset: 1 }])
    expect(group.committed.get(0)).toBe(1)
    await expect(consumer.commit([{ topic: 'orders', partition: 1, offset: 1 }])).rejects.toMatchObject({
      code: 'NOT_ASSIGNED',
    })
    await consumer.close()
    await ended
    expect(group.committed.get(0)).toBe(1)
  })
})

describe('where reading goes on', () => {
  test.each([
    ['earliest', ['0:c']],
    ['latest', ['0:d']],
  ])('the offset is gone, start %s', async (start, expected) => {
    group.append(0, 'a', 'b')
    group.append(0, 'c')
    group.logStart = 2
    group.committed.set(0, 0)
    const consumer = consumerWith({ start })
    const { handled } = run(consumer)
    await until(() => group.broker.asked).toContain('ListOffsets')
    if (start === 'latest') await until(() => consumer.assignment[0]?.offset).toBe(3)
    if (start === 'latest') group.append(0, 'd')
    await until(() => handled).toEqual(expected)
  })

  test('the end that start latest found is committed at once: who takes over leaves out nothing', async () => {
    group.append(0, 'a', 'b')
    // Its interval never comes.
    const consumer = consumerWith({ start: 'latest', autoCommitIntervalMs: 1_000_000 })
    run(consumer)
    await until(() => group.committed.get(0)).toBe(2)
  })

  test('the offset is gone, start none', async () => {
    group.logStart = 2
    group.append(0, 'a', 'b', 'c')
    group.committed.set(0, 0)
    await expect(run(consumerWith({ start: 'none' })).ended).rejects.toMatchObject({
      code: 'OFFSET_OUT_OF_RANGE',
      retriable: false,
    })
  })

  test('a log that ends before the offset lost records: goes on at its end, for nothing is to be repeated', async () => {
    group.append(0, 'a')
    group.append(0, 'b')
    group.committed.set(0, 5)
    const consumer = consumerWith({ start: 'earliest' })
    const { handled } = run(consumer)
    await until(() => consumer.assignment[0]?.offset).toBe(2)
    group.append(0, 'c')
    await until(() => handled).toEqual(['0:c'])
  })

  test('a leader that once says that the offset does not exist moves nobody while the log has it', async () => {
    group.append(0, 'a')
    group.append(0, 'b')
    group.committed.set(0, 1)
    group.fetchScript.push(errors.OFFSET_OUT_OF_RANGE.code)
    const { handled } = run(consumerWith({ start: 'none' }))
    await until(() => handled).toEqual(['0:b'])
  })

  test.each([
    'OFFSET_NOT_AVAILABLE',
    'NOT_LEADER_OR_FOLLOWER',
    'UNKNOWN_LEADER_EPOCH',
    'KAFKA_STORAGE_ERROR',
    'UNKNOWN_TOPIC_ID',
    'UNKNOWN_SERVER_ERROR',
  ] as const)('%s moves nobody (R3)', async (name) => {
    group.append(0, 'a')
    group.fetchScript.push(errors[name].code, errors[name].code)
    const { handled } = run(
      consumerWith({ start: 'none', startOffsets: () => [{ topic: 'orders', partition: 0, offset: 0 }] }),
    )
    await until(() => handled).toEqual(['0:a'])
    expect(group.broker.asked).not.toContain('ListOffsets')
  })

  test('a new leader whose log is shorter: goes on at its end (KIP-320)', async () => {
    group.append(0, 'a')
    group.append(0, 'b')
    const { handled } = run(consumerWith())
    await until(() => handled).toEqual(['0:a', '0:b'])
    group.truncate(0, 1)
    group.epochEnd = 1
    group.broker.topics.get('orders')!.leaderEpoch = 4
    group.append(0, 'c')
    await until(() => handled).toEqual(['0:a', '0:b', '0:c'])
    expect(group.broker.asked).toContain('OffsetForLeaderEpoch')
    // Once, for the start; not for a reset.
    expect(group.broker.asked.filter((name) => name === 'ListOffsets')).toHaveLength(1)
  })

  test('a damaged batch is not handed out, and read again when it is whole', async () => {
    const bytes = group.append(0, 'a')
    bytes[bytes.length - 1]! ^= 1
    const { handled } = run(consumerWith())
    await until(() => group.broker.asked.filter((name) => name === 'Fetch').length > 3).toBe(true)
    expect(handled).toEqual([])
    bytes[bytes.length - 1]! ^= 1
    await until(() => handled).toEqual(['0:a'])
  })

  test('seek, pause, resume', async () => {
    group.append(0, 'a', 'b')
    const consumer = consumerWith()
    const { handled } = run(consumer)
    await until(() => handled).toEqual(['0:a', '0:b'])
    consumer.pause()
    group.append(0, 'c')
    await consumer.seek('orders', 0, 1)
    await heartbeats(3)
    expect(handled).toHaveLength(2)
    consumer.resume()
    await until(() => handled).toEqual(['0:a', '0:b', '0:b', '0:c'])
    await expect(consumer.seek('orders', 1, 0)).rejects.toMatchObject({ code: 'NOT_ASSIGNED' })
  })
})

test('prefetch is bounded', async () => {
  const value = 'x'.repeat(10_000)
  for (let n = 0; n < 50; n++) group.append(0, value)
  let release: () => void = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const { handled } = run(consumerWith({ prefetchBytes: 30_000 }), () => held)
  await until(() => group.broker.asked).toContain('Fetch')
  await heartbeats(3)
  // The whole log comes with one answer of this broker; there is no second.
  expect(group.broker.asked.filter((name) => name === 'Fetch')).toHaveLength(1)
  release()
  await until(() => handled.length).toBe(50)
})

test('a partition that is stuck with a full buffer does not keep others from being read', async () => {
  group.assigned = [0, 1]
  const value = 'x'.repeat(10_000)
  group.append(0, value, value, value)
  const held = new Promise<void>(() => {})
  let isStuck = false
  const { handled } = run(consumerWith({ prefetchBytes: 1_000 }), (text) => {
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

test('what the coordinator told it to take counts as its own, though its topic is not known by name yet', async () => {
  const topic = group.broker.topics.get('orders')!
  group.append(0, 'a')
  group.broker.topics.clear()
  const { handled } = run(consumerWith())
  await until(() => heldOf(group)).toEqual([0])
  group.broker.topics.set('orders', topic)
  await until(() => handled).toEqual(['0:a'])
})

test('close does not wait longer for a partition that is on its way out than for others', async () => {
  group.append(0, 'a')
  let started = false
  const consumer = consumerWith({ revokeTimeoutMs: 60_000 })
  const { ended } = run(consumer, async (_, { signal }) => {
    started = true
    await aborted(signal)
  })
  await until(() => started).toBe(true)
  group.assigned = []
  await heartbeats(2)
  await consumer.close({ timeoutMs: 20 })
  await ended
})

test('close lets handlers finish, commits, leaves the group, and says so once', async () => {
  group.append(0, 'a', 'b')
  const consumer = consumerWith({ autoCommitIntervalMs: 60_000 })
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
  group.heartbeatScript.push(errors.GROUP_AUTHORIZATION_FAILED.code)
  const consumer = consumerWith()
  const { ended } = run(consumer)
  await expect(ended).rejects.toMatchObject({
    code: 'GROUP_REFUSED',
    kafkaCode: errors.GROUP_AUTHORIZATION_FAILED.code,
  })
  await expect(consumer.ready).rejects.toMatchObject({ code: 'GROUP_REFUSED' })
  await expect(consumer.run(() => {})).rejects.toMatchObject({ code: 'CLOSED' })
})

test('a service may say where to start; when that fails, it is asked again', async () => {
  group.append(0, 'a', 'b', 'c')
  let calls = 0
  const startOffsets = async () => {
    if (++calls === 1) throw new Error('the store is away')
    return [{ topic: 'orders', partition: 0, offset: 1 }]
  }
  const { handled } = run(consumerWith({ startOffsets }))
  await until(() => handled).toEqual(['0:b', '0:c'])
  expect(calls).toBe(2)
})

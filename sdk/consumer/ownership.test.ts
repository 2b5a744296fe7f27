// What a member may handle: partitions that go, sessions that run out, and what the coordinator told it to take.
import { errors } from '@castellan/protocol'
import { describe, expect, test } from 'vitest'
import { aborted, run, until, useGroup } from '../testing/use-group.ts'

const bench = useGroup()

test('a session that runs out stops handlers and starts none; when the coordinator is back, they go on', async () => {
  const { group } = bench
  group.sessionMs = 1_000
  group.append(0, 'a')
  const attempts: number[] = []
  let isAborted = false
  const { handled } = run(bench.consumer(), async (_, { signal, attempt }) => {
    attempts.push(attempt)
    if (attempts.length > 1) return
    await aborted(signal)
    isAborted = true
    throw signal.reason
  })
  await until(() => attempts).toEqual([1])
  // The member has to learn the session's length first.
  await until(() => group.broker.asked).toContain('DescribeConfigs')
  await bench.heartbeats(5)
  group.refusal = errors.COORDINATOR_LOAD_IN_PROGRESS.code
  await until(() => isAborted).toBe(true)
  group.append(0, 'b')
  await bench.heartbeats(1)
  expect(attempts).toEqual([1])
  group.refusal = 0
  await until(() => handled).toEqual(['0:a', '0:b'])
  // The aborted attempt does not count against the message.
  expect(attempts).toEqual([1, 1, 1])
})

test('a session that runs out stops handlers, though the timer that watches it comes too early', async () => {
  const { group } = bench
  group.sessionMs = 500
  group.append(0, 'a')
  const { runtime } = group.broker
  const early = (delayMs: number, task: () => void) => runtime.clock.after(delayMs > 100 ? delayMs - 20 : delayMs, task)
  const hasty = group.broker.client({ runtime: { ...runtime, clock: { ...runtime.clock, after: early } } })
  let isAborted = false
  run(bench.consumer({ sessionTimeoutMs: 500 }, hasty), async (_, { signal }) => {
    if (isAborted) return
    await aborted(signal)
    isAborted = true
    throw signal.reason
  })
  await bench.heartbeats(3)
  group.refusal = errors.COORDINATOR_LOAD_IN_PROGRESS.code
  await until(() => isAborted).toBe(true)
})

test('what the coordinator told it to take counts as its own, though its topic is not known by name yet', async () => {
  const { group } = bench
  const topic = group.broker.topics.get('orders')!
  group.append(0, 'a')
  group.broker.topics.clear()
  const { handled } = run(bench.consumer())
  await until(() => group.held).toEqual([0])
  group.broker.topics.set('orders', topic)
  await until(() => handled).toEqual(['0:a'])
})

describe('when a partition goes', () => {
  test('its handler finishes, its offset is committed, then it is given up', async () => {
    const { group } = bench
    group.assigned = [0, 1]
    group.append(0, 'a', 'b')
    let release: () => void = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    let started = false
    const { handled } = run(bench.consumer(), () => {
      started = true
      return held
    })
    await until(() => started).toBe(true)
    group.assigned = [1]
    group.memberEpoch = 2
    await until(() => group.heartbeats.at(-1)?.memberEpoch).toBe(2)
    // Not given up while its handler runs.
    expect(group.held).toEqual([0, 1])
    release()
    await until(() => group.held).toEqual([1])
    expect(handled).toEqual(['0:a'])
    expect(group.commits.at(-1)).toEqual({ partition: 0, offset: 1, memberEpoch: 2 })
  })

  test('a handler that takes too long is told, and then left', async () => {
    const { group } = bench
    group.append(0, 'a', 'b')
    const reasons: unknown[] = []
    let started = false
    const { handled } = run(bench.consumer({ revokeTimeoutMs: 10 }), async (_, { signal }) => {
      started = true
      await aborted(signal)
      reasons.push(signal.reason.code)
      throw signal.reason
    })
    await until(() => started).toBe(true)
    group.assigned = []
    await until(() => group.held).toEqual([])
    expect(reasons).toEqual(['PARTITION_LOST'])
    expect(handled).toEqual([])
    // Where it started, at most.
    expect(group.committed.get(0) ?? 0).toBe(0)
  })

  test('fenced: everything is dropped at once, and the member joins again', async () => {
    const { group } = bench
    group.append(0, 'a')
    const seen: string[] = []
    const told: string[] = []
    const consumer = bench.consumer()
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

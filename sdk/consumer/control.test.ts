// What a service may tell a running consumer: seek, pause, resume, close.
import { listOffsets } from '@castellan/protocol'
import { describe, expect, test, vi } from 'vitest'
import type { Message } from '../kafka/message.ts'
import { aborted, until, useGroup } from '../testing/use-group.ts'
import type { SeekTo } from './types.ts'

const bench = useGroup()

/** Runs it; what it handles, as partition:value. */
function run(options: object = {}, handler: (message: Message) => unknown = () => {}) {
  const consumer = bench.consumer(options)
  const handled: string[] = []
  void consumer.run(async (message) => {
    handled.push(`${message.partition}:${message.text}`)
    await handler(message)
  })
  return { consumer, handled }
}

describe('seek', () => {
  test.each<[SeekTo, number, number, string[]]>([
    [1, -1, 1, ['0:b', '0:c', '0:d']],
    [3, -1, 3, ['0:d']],
    ['earliest', -1, 0, ['0:a', '0:b', '0:c', '0:d']],
    ['latest', -1, 3, ['0:d']],
    [new Date(1_000), 2, 2, ['0:c', '0:d']],
    [new Date(1_000), -1, 3, ['0:d']],
  ])('to %j (of that time is offset %i): goes on at %i', async (to, offsetOfTime, offset, then) => {
    const { group } = bench
    group.append(0, 'a', 'b', 'c')
    group.offsetOfTime = offsetOfTime
    const { consumer, handled } = run()
    await until(() => group.committed.get(0)).toBe(3)
    expect(await consumer.seek('orders', 0, to)).toBe(offset)
    // Also what lies before it is committed: whoever comes next begins there.
    if (offset < 3) await until(() => group.commits.map((commit) => commit.offset)).toContain(3)
    group.append(0, 'd')
    await until(() => handled).toEqual(['0:a', '0:b', '0:c', ...then])
    await until(() => group.committed.get(0)).toBe(4)
  })

  test.each<[SeekTo, string]>([
    [9, 'OFFSET_OUT_OF_RANGE'],
    [-1, 'OPTION_WRONG'],
    [0.5, 'OPTION_WRONG'],
    [new Date(Number.NaN), 'OPTION_WRONG'],
    ['newest' as never, 'OPTION_WRONG'],
  ])('to %j: %s, and it goes on where it was', async (to, code) => {
    const { group } = bench
    group.append(0, 'a')
    const { consumer, handled } = run()
    await until(() => handled).toEqual(['0:a'])
    await expect(consumer.seek('orders', 0, to)).rejects.toMatchObject({ code })
    group.append(0, 'b')
    await until(() => handled).toEqual(['0:a', '0:b'])
  })

  test('from its own handler: the message in hand is not done, and the next is where it says', async () => {
    const { group } = bench
    group.append(0, 'a', 'b', 'c')
    let times = 0
    const { consumer, handled } = run({}, async ({ text }) => {
      if (text === 'b' && times++ === 0) await consumer.seek('orders', 0, 0)
    })
    await until(() => handled).toEqual(['0:a', '0:b', '0:a', '0:b', '0:c'])
  })

  test('when partitions are assigned: they start there', async () => {
    const { group } = bench
    group.append(0, 'a', 'b', 'c')
    group.committed.set(0, 1)
    const { consumer, handled } = run()
    consumer.on('assigned', ({ partitions }) =>
      Promise.all(partitions.map(({ topic, partition }) => consumer.seek(topic, partition, 2))),
    )
    await until(() => handled).toEqual(['0:c'])
  })

  test('while it looks for the offset, nothing is handed out; when the partition goes meanwhile, it says so', async () => {
    const { group } = bench
    group.append(0, 'a')
    const { consumer, handled } = run()
    await until(() => handled).toEqual(['0:a'])
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>()
    group.broker.on(listOffsets, async () => {
      await answered
      return 'close' as const
    })
    const seeking = consumer.seek('orders', 0, 0)
    seeking.catch(() => {}) // looked at below
    group.append(0, 'b')
    await bench.heartbeats(3)
    expect(handled).toEqual(['0:a'])
    group.assigned = []
    await until(() => consumer.assignment).toEqual([])
    group.answerOffsets()
    answer()
    await expect(seeking).rejects.toMatchObject({ code: 'NOT_ASSIGNED' })
  })

  test('before the service has said where to start: it starts there all the same', async () => {
    const { group } = bench
    group.append(0, 'a', 'b')
    let calls = 0
    const startOffsets = async () => {
      if (calls++ === 0) throw new Error('the store is away')
      return []
    }
    const { consumer, handled } = run({ startOffsets })
    await until(() => calls).toBe(1)
    await consumer.seek('orders', 0, 1)
    await until(() => handled).toEqual(['0:b'])
  })

  test('a seek back is committed, though less was not committed yet', async () => {
    const { group } = bench
    group.append(0, 'a', 'b', 'c')
    const { consumer, handled } = run({ autoCommit: false })
    await until(() => handled).toHaveLength(3)
    await until(() => consumer.assignment[0]?.offset).toBe(3)
    await consumer.commit()
    consumer.pause()
    await consumer.seek('orders', 0, 1)
    await consumer.commit()
    expect(group.committed.get(0)).toBe(1)
  })
})

describe('pause', () => {
  test('of all: also of what comes later; and of one, which stays paused when it comes back', async () => {
    const { group } = bench
    const { consumer, handled } = run()
    await until(() => consumer.assignment).toHaveLength(1)
    consumer.pause()
    group.assigned = [0, 1]
    group.append(0, 'a')
    group.append(1, 'x')
    await until(() => consumer.assignment.map(({ isPaused }) => isPaused)).toEqual([true, true])
    consumer.resume([{ topic: 'orders', partition: 1 }])
    await until(() => handled).toEqual(['1:x'])
    group.assigned = [1]
    await until(() => consumer.assignment).toHaveLength(1)
    group.assigned = [0, 1]
    await until(() => consumer.assignment).toHaveLength(2)
    await bench.heartbeats(2)
    expect(handled).toEqual(['1:x'])
    consumer.resume()
    await until(() => handled).toEqual(['1:x', '0:a'])
    expect(() => consumer.pause([{ topic: 'orders', partition: 9 }])).toThrow(
      expect.objectContaining({ code: 'NOT_ASSIGNED' }),
    )
  })

  test('holds between two attempts, too', async () => {
    const { group } = bench
    group.append(0, 'a')
    let attempts = 0
    const { consumer } = run({}, () => {
      if (++attempts > 1) return
      consumer.pause()
      throw new Error('later')
    })
    await until(() => attempts).toBe(1)
    await bench.heartbeats(2)
    expect(attempts).toBe(1)
    consumer.resume()
    await until(() => attempts).toBe(2)
  })
})

test.each<[string, unknown]>([
  ['a text', 'orders'],
  ['null', null],
  ['an object without an offset', {}],
  ['an offset that is a text', [{ topic: 'orders', partition: 0, offset: '1' }]],
  ['an offset below 0', [{ topic: 'orders', partition: 0, offset: -1 }]],
  ['half an offset', [{ topic: 'orders', partition: 0, offset: 0.5 }]],
  ['metadata that is a number', [{ topic: 'orders', partition: 0, offset: 1, metadata: 5 }]],
  ['metadata that fits no request', [{ topic: 'orders', partition: 0, offset: 1, metadata: 'x'.repeat(32_768) }]],
  ['no partition', [null]],
])('commit refuses %s, and goes on', async (_, what) => {
  bench.group.append(0, 'a')
  const { consumer, handled } = run({ autoCommit: false })
  await until(() => handled).toEqual(['0:a'])
  await expect(consumer.commit(what as never)).rejects.toMatchObject({ code: 'OPTION_WRONG' })
  await consumer.commit([{ topic: 'orders', partition: 0, offset: 1, metadata: 'by hand' }])
  expect(bench.group.committed.get(0)).toBe(1)
})

test('pause and resume refuse what is no list of partitions', () => {
  const consumer = bench.consumer()
  for (const wrong of ['orders', [0], null] as never[]) {
    expect(() => consumer.pause(wrong)).toThrow('pause takes a list of { topic, partition }')
    expect(() => consumer.resume(wrong)).toThrow('resume takes a list of { topic, partition }')
  }
})

describe('close with a deadline', () => {
  test.each([1, 3])(
    '%i at once: signals abort when the time is over, and nothing of it is committed',
    async (concurrency) => {
      const { group } = bench
      group.appendRecords(0, ...['a', 'b', 'c'].map((key) => ({ key, value: key })))
      const consumer = bench.consumer({ concurrency, autoCommitIntervalMs: 60_000 })
      const reasons: unknown[] = []
      let started = 0
      const ended = consumer.run(async (_, { signal }) => {
        started++
        await aborted(signal)
        reasons.push((signal.reason as { code: string }).code)
        throw signal.reason
      })
      await until(() => started).toBe(concurrency)
      await consumer.close({ timeoutMs: 20 })
      await ended
      expect(reasons).toEqual(Array.from({ length: concurrency }, () => 'PARTITION_LOST'))
      expect(group.committed.get(0) ?? 0).toBe(0)
    },
  )

  test('a handler that never ends is named, and others are committed within the time', async () => {
    bench.group.assigned = [0, 1]
    bench.group.append(0, 'never')
    bench.group.append(1, 'b')
    const said: unknown[] = []
    vi.spyOn(bench.client.log, 'warn').mockImplementation((fields) => said.push(fields))
    const { consumer, handled } = run({ autoCommitIntervalMs: 60_000 }, ({ text }) =>
      text === 'never' ? new Promise(() => {}) : undefined,
    )
    await until(() => handled).toContain('1:b')
    const closing = consumer.close({ timeoutMs: 1_200 })
    await until(() => said).toContainEqual({ group: 'g', partitions: ['orders/0'] })
    await closing
    expect(bench.group.committed.get(1)).toBe(1)
    expect(bench.group.committed.get(0) ?? 0).toBe(0)
  })

  test('a handler that does not listen holds nobody', async () => {
    bench.group.append(0, 'a')
    let isStarted = false
    const consumer = bench.consumer()
    const ended = consumer.run(() => {
      isStarted = true
      return new Promise(() => {})
    })
    await until(() => isStarted).toBe(true)
    await consumer.close({ timeoutMs: 1 })
    await ended
  })
})

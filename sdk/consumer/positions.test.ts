// Where reading goes on: at the start, when the offset is gone, when a log ends before it, after seek.
import { errors } from '@castellan/protocol'
import { describe, expect, test } from 'vitest'
import { run, until, useGroup } from '../testing/use-group.ts'

const bench = useGroup()

describe('where reading goes on', () => {
  test.each([
    ['earliest', ['0:c']],
    ['latest', ['0:d']],
  ])('the offset is gone, start %s', async (start, expected) => {
    const { group } = bench
    group.append(0, 'a', 'b')
    group.append(0, 'c')
    group.logStart = 2
    group.committed.set(0, 0)
    const consumer = bench.consumer({ start })
    const { handled } = run(consumer)
    await until(() => group.broker.asked).toContain('ListOffsets')
    if (start === 'latest') await until(() => consumer.assignment[0]?.offset).toBe(3)
    if (start === 'latest') group.append(0, 'd')
    await until(() => handled).toEqual(expected)
  })

  test('the end that start latest found is committed at once: who takes over leaves out nothing', async () => {
    const { group } = bench
    group.append(0, 'a', 'b')
    // Its interval never comes.
    const consumer = bench.consumer({ start: 'latest', autoCommitIntervalMs: 1_000_000 })
    run(consumer)
    await until(() => group.committed.get(0)).toBe(2)
  })

  test('the offset is gone, start none', async () => {
    const { group } = bench
    group.logStart = 2
    group.append(0, 'a', 'b', 'c')
    group.committed.set(0, 0)
    await expect(run(bench.consumer({ start: 'none' })).ended).rejects.toMatchObject({
      code: 'OFFSET_OUT_OF_RANGE',
      retriable: false,
    })
  })

  test('a log that ends before the offset lost records: goes on at its end, for nothing is to be repeated', async () => {
    const { group } = bench
    group.append(0, 'a')
    group.append(0, 'b')
    group.committed.set(0, 5)
    const consumer = bench.consumer({ start: 'earliest' })
    const { handled } = run(consumer)
    await until(() => consumer.assignment[0]?.offset).toBe(2)
    group.append(0, 'c')
    await until(() => handled).toEqual(['0:c'])
  })

  test('a leader that once says that the offset does not exist moves nobody while the log has it', async () => {
    const { group } = bench
    group.append(0, 'a')
    group.append(0, 'b')
    group.committed.set(0, 1)
    group.fetchScript.push(errors.OFFSET_OUT_OF_RANGE.code)
    const { handled } = run(bench.consumer({ start: 'none' }))
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
    const { group } = bench
    group.append(0, 'a')
    group.fetchScript.push(errors[name].code, errors[name].code)
    const { handled } = run(
      bench.consumer({ start: 'none', startOffsets: () => [{ topic: 'orders', partition: 0, offset: 0 }] }),
    )
    await until(() => handled).toEqual(['0:a'])
    expect(group.broker.asked).not.toContain('ListOffsets')
  })

  test('a new leader whose log is shorter: goes on at its end (KIP-320)', async () => {
    const { group } = bench
    group.append(0, 'a')
    group.append(0, 'b')
    const { handled } = run(bench.consumer())
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
    const { group } = bench
    const bytes = group.append(0, 'a')
    bytes[bytes.length - 1]! ^= 1
    const { handled } = run(bench.consumer())
    await until(() => group.broker.asked.filter((name) => name === 'Fetch').length > 3).toBe(true)
    expect(handled).toEqual([])
    bytes[bytes.length - 1]! ^= 1
    await until(() => handled).toEqual(['0:a'])
  })

  test('seek, pause, resume', async () => {
    const { group } = bench
    group.append(0, 'a', 'b')
    const consumer = bench.consumer()
    const { handled } = run(consumer)
    await until(() => handled).toEqual(['0:a', '0:b'])
    consumer.pause()
    group.append(0, 'c')
    await consumer.seek('orders', 0, 1)
    await bench.heartbeats(3)
    expect(handled).toHaveLength(2)
    consumer.resume()
    await until(() => handled).toEqual(['0:a', '0:b', '0:b', '0:c'])
    await expect(consumer.seek('orders', 1, 0)).rejects.toMatchObject({ code: 'NOT_ASSIGNED' })
  })
})

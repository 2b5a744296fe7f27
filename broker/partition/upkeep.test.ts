import { describe, expect, test } from 'vitest'
import { batchOf, gate, settle } from '../log/testing.ts'
import { consume, produce, TestingBroker, topicState } from './testing.ts'

describe('upkeep', () => {
  test('what was written is checkpointed after a minute, or after flush.ms', async () => {
    for (const [configs, ms] of [
      [{}, 60_000],
      [{ 'flush.ms': '5000' }, 5_000],
    ] as const) {
      const broker = await TestingBroker.start()
      const partition = broker.lead(1, configs)
      await broker.clock.advance(100_000)
      await produce(partition, { values: ['a'] })
      await broker.clock.advance(ms - 1_000)
      expect(partition.log!.syncedOffset).toBe(0)
      await broker.clock.advance(2_000)
      expect(partition.log!.syncedOffset).toBe(1)
    }
  })

  test('flush.ms holds to the millisecond, for each write that is the first after a sync', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1, { 'flush.ms': '100' })
    for (const offset of [1, 2, 3]) {
      await produce(partition, { values: ['a'] })
      await broker.clock.advance(99)
      expect(partition.log!.syncedOffset).toBe(offset - 1)
      await broker.clock.advance(2)
      expect(partition.log!.syncedOffset).toBe(offset)
    }
  })

  test('many appends share one sync (flush.messages=1)', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1, { 'flush.messages': '1' })
    const { promise, open } = gate()
    const syncs = () => broker.partitions.metrics.syncs
    const before = syncs()
    broker.platters.syncGate = promise
    const errorCodes: number[] = []
    for (let number = 0; number < 100; number++) {
      partition.append(batchOf({ values: ['a'] }), null, -1, ({ errorCode }) => errorCodes.push(errorCode))
      // In turns of their own.
      await settle()
    }
    expect(errorCodes).toEqual([])
    open()
    await settle()
    expect(errorCodes).toEqual(Array.from({ length: 100 }, () => 0))
    expect(partition.endOffset).toBe(100)
    expect(syncs() - before).toBeLessThan(4)
  })

  test('a checkpoint that finds no room is tried again', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1)
    await produce(partition, { values: ['a'] })
    broker.platters.refuse = (call, path) => (call === 'write' && path.endsWith('.tmp') ? 'ENOSPC' : undefined)
    await broker.clock.advance(65_000)
    expect(partition.log!.needsCheckpoint).toBe(true)
    broker.platters.refuse = () => undefined
    await broker.clock.advance(65_000)
    expect(partition.log!.needsCheckpoint).toBe(false)
  })

  test('retention is applied by the clock, to what this broker leads', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1, { 'retention.ms': '1000' })
    await produce(partition, { values: ['a'], timestamp: broker.clock.wallMs() })
    await broker.clock.advance(300_500)
    expect([partition.startOffset, partition.endOffset]).toEqual([1, 1])
  })

  test('a clean stop writes all down, and nothing happens after it', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1)
    await produce(partition, { values: ['a'] })
    await broker.partitions.close()
    expect(partition.log!.syncedOffset).toBe(1)
    broker.platters.refuse = () => {
      throw new Error('the disk was used after the stop')
    }
    await broker.clock.advance(10_000_000)
    broker.partitions.apply(topicState({ leaderEpoch: 5 }))
    await settle()
    expect(broker.platters.openFiles).toBe(0)
    expect((await produce(partition, { values: ['b'] })).errorCode).not.toBe(0)
  })

  test('a stop leaves all partitions before it writes anything: that is said once, not after each', async () => {
    const broker = await TestingBroker.start()
    broker.partitions.apply(topicState({ partitions: 40 }))
    await broker.clock.advance(100)
    for (const partition of broker.partitions.all()) await produce(partition, { values: ['a'] })
    let left = 0
    broker.partitions.onLeadership(() => left++)
    const closed = broker.partitions.close()
    expect(left).toBe(40)
    await closed
    expect(left).toBe(40)
  })

  test('many partitions share few open files', async () => {
    const broker = await TestingBroker.start({ settings: { logOpenFilesMax: 5 } })
    broker.partitions.apply(topicState({ partitions: 40 }))
    await broker.clock.advance(10)
    for (const partition of broker.partitions.all())
      expect(await produce(partition, { values: ['a'] })).toMatchObject({ errorCode: 0 })
    expect(broker.platters.openFiles).toBeLessThanOrEqual(6)
    for (const partition of broker.partitions.all()) expect(await consume(partition)).toHaveLength(1)
    await broker.partitions.close()
    expect(broker.platters.openFiles).toBe(0)
  })
})

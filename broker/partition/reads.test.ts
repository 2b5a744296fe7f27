import { errors } from '@castellan/protocol'
import { readBatchHeader } from '@castellan/protocol/records'
import { describe, expect, test } from 'vitest'
import { batchOf, gate, settle } from '../log/testing.ts'
import type { Partition } from './partition.ts'
import type { AppendResult } from './results.ts'
import { consume, produce, TestingBroker, topicState } from './testing.ts'

describe('reading (R3)', () => {
  async function three(): Promise<{ broker: TestingBroker; partition: Partition }> {
    const broker = await TestingBroker.start()
    const partition = broker.lead(2)
    for (const value of ['a', 'b', 'c']) await produce(partition, { values: [value] })
    return { broker, partition }
  }

  test.each<[string, number, number, number]>([
    ['within the log', 1, -1, 0],
    ['at its end: nothing yet', 3, -1, 0],
    ['beyond its end', 4, -1, errors.OFFSET_OUT_OF_RANGE.code],
    ['before its start', -1, -1, errors.OFFSET_OUT_OF_RANGE.code],
    ['by somebody who knows this epoch', 1, 2, 0],
    ['by somebody who knows an older one', 1, 1, errors.FENCED_LEADER_EPOCH.code],
    ['by somebody who knows a newer one', 1, 3, errors.UNKNOWN_LEADER_EPOCH.code],
  ])('%s', async (_, offset, epoch, errorCode) => {
    const { partition } = await three()
    const reads = [partition.read(offset, 1000, epoch), await partition.readCold(offset, 1000, epoch)]
    for (const read of reads) expect(read).toMatchObject({ errorCode, cold: false })
    expect(reads[0]!.chunks.length > 0).toBe(errorCode === 0 && offset < 3)
  })

  test('nothing above the high watermark is seen; with flush.messages=1 that is what is synced', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1, { 'flush.messages': '1' })
    const { promise, open } = gate()
    broker.platters.syncGate = promise
    const results: AppendResult[] = []
    let woken = 0
    partition.watch(() => woken++)
    for (const acks of [-1, 1] as const)
      partition.append(batchOf({ values: ['a'] }), null, acks, (result) => results.push(result))
    await settle()
    expect(partition).toMatchObject({ endOffset: 2, highWatermark: 0 })
    expect([results.length, woken, partition.read(0, 100, -1).bytes]).toEqual([0, 0, 0])
    open()
    await settle()
    expect(partition.highWatermark).toBe(2)
    expect([results.map(({ errorCode }) => errorCode), woken]).toEqual([[0, 0], 1])
    expect(await consume(partition)).toHaveLength(2)
  })

  test('a watcher is woken when there is more to read, until it stops watching', async () => {
    const { partition } = await three()
    const seen: number[] = []
    const stop = partition.watch(() => seen.push(partition.highWatermark))
    await produce(partition, { values: ['d'] })
    await produce(partition, { values: ['e'] })
    stop()
    await produce(partition, { values: ['f'] })
    expect(seen).toEqual([4, 5])
  })

  test('after a restart all is cold, and read from files', async () => {
    const { broker } = await three()
    await broker.open()
    const partition = broker.lead(3)
    expect(partition.read(0, 100, -1)).toMatchObject({ errorCode: 0, cold: true, chunks: [], highWatermark: 3 })
    expect(await consume(partition)).toHaveLength(3)
    const batches: Uint8Array[] = []
    for await (const batch of partition.batches()) batches.push(batch.slice())
    expect(batches.map((batch) => readBatchHeader(batch, 0).baseOffset)).toEqual([0, 1, 2])
  })

  test('what was asked of a leader is not answered by one that was deposed meanwhile', async () => {
    const { broker } = await three()
    await broker.open()
    const partition = broker.lead(3)
    const { promise, open } = gate()
    broker.platters.readGate = promise
    const reading = partition.readCold(0, 100, -1)
    broker.partitions.apply(topicState({ leaderEpoch: 4, leader: 2, replicas: [1, 2] }))
    open()
    expect(await reading).toMatchObject({ errorCode: errors.NOT_LEADER_OR_FOLLOWER.code, chunks: [] })
  })

  test('records below a new start are gone', async () => {
    const { partition } = await three()
    await partition.deleteBefore(2)
    expect(partition.startOffset).toBe(2)
    expect(partition.read(1, 100, -1)).toMatchObject({ errorCode: errors.OFFSET_OUT_OF_RANGE.code, startOffset: 2 })
    expect(await consume(partition)).toEqual([[2, 'c']])
  })
})

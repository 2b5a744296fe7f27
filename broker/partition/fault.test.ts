import { errors } from '@castellan/protocol'
import { describe, expect, test } from 'vitest'
import { batchOf, gate, settle } from '../log/testing.ts'
import type { Partition } from './partition.ts'
import type { AppendResult } from './results.ts'
import { consume, partitionFolder, produce, TestingBroker, topicState } from './testing.ts'

const segmentPath = `${partitionFolder}/00000000000000000000.log`

describe('damage (R9)', () => {
  async function damaged(): Promise<{ broker: TestingBroker; partition: Partition }> {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1)
    await produce(partition, { values: ['a'] })
    await produce(partition, { values: ['b'] })
    await broker.partitions.close()
    broker.platters.bytes(segmentPath)[65]! ^= 1
    await broker.open()
    return { broker, partition: broker.lead(2) }
  }

  test('found by a read: reported, never served, nothing taken, and it stays so', async () => {
    const { broker, partition } = await damaged()
    const reported: (string | null)[] = []
    broker.partitions.onLeadership(({ fault }) => reported.push(fault))
    let woken = 0
    partition.watch(() => woken++)
    const results: AppendResult[] = []
    const reading = partition.readCold(0, 100, -1)
    partition.append(batchOf({ values: ['c'] }), null, -1, (result) => results.push(result))
    expect(await reading).toMatchObject({ errorCode: errors.KAFKA_STORAGE_ERROR.code, chunks: [] })
    await settle()
    expect(partition).toMatchObject({ isLeader: false, fault: expect.stringContaining('checksum') })
    expect([reported.length, reported[0], results.length]).toEqual([1, partition.fault, 1])
    expect(broker.platters.openFiles).toBe(0)
    expect(woken).toBeGreaterThan(0)
    expect(await produce(partition, { values: ['d'] })).toMatchObject({ errorCode: errors.KAFKA_STORAGE_ERROR.code })
    expect(partition.read(1, 100, -1)).toMatchObject({ errorCode: errors.KAFKA_STORAGE_ERROR.code })

    await broker.open()
    const again = broker.lead(9)
    expect(again).toMatchObject({ isLeader: false, fault: expect.stringContaining('remove /data/logs') })
    broker.platters.bytes(segmentPath)[65]! ^= 1
    broker.platters.remove(`${partitionFolder}/fault`)
    await broker.open()
    expect(await consume(broker.lead(10))).toEqual(expect.arrayContaining([[0, 'a']]))
  })

  test('found by a read of a replica that has left is none of the one that came back', async () => {
    const { broker, partition } = await damaged()
    const { promise, open } = gate()
    broker.platters.readGate = promise
    const reading = partition.readCold(0, 100, -1)
    broker.partitions.apply(topicState({ leaderEpoch: 3, leader: 2, replicas: [2], removed: [1] }))
    await settle()
    const again = broker.lead(4)
    open()
    expect(await reading).toMatchObject({ errorCode: errors.NOT_LEADER_OR_FOLLOWER.code, chunks: [] })
    expect(again).not.toBe(partition)
    expect([again.fault, broker.platters.paths().includes(`${partitionFolder}/fault`)]).toEqual([null, false])
    expect(await produce(again, { values: ['c'] })).toMatchObject({ errorCode: 0, baseOffset: 0 })
  })

  test('a disk that cannot read puts the partition out of use, for this process', async () => {
    const { broker, partition } = await damaged()
    broker.platters.bytes(segmentPath)[65]! ^= 1
    broker.platters.refuse = (call) => (call === 'read' ? 'EIO' : undefined)
    expect(await partition.readCold(0, 100, -1)).toMatchObject({ errorCode: errors.KAFKA_STORAGE_ERROR.code })
    expect(partition.fault).toContain('EIO')
    broker.platters.refuse = () => undefined
    await broker.open()
    expect(await consume(broker.lead(3))).toHaveLength(2)
  })

  test('a shortage of open files refuses a read and is no fault', async () => {
    const { broker, partition } = await damaged()
    broker.platters.bytes(segmentPath)[65]! ^= 1
    broker.platters.refuse = (call) => (call === 'read' ? 'ENOMEM' : undefined)
    expect(await partition.readCold(0, 100, -1)).toMatchObject({ errorCode: errors.KAFKA_STORAGE_ERROR.code })
    broker.platters.refuse = () => undefined
    expect(await consume(partition)).toHaveLength(2)
  })

  test('damage that a write meets: all of the turn are told, once', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1, { 'segment.bytes': '1048576' })
    const stray = broker.platters.open(`${partitionFolder}/00000000000000000001.log`, 'create')
    stray.writev([new Uint8Array(5)], 0)
    const results: number[] = []
    for (let at = 0; at < 3; at++) {
      const large = batchOf({ values: ['x'.repeat(600_000)] })
      partition.append(large, null, -1, ({ errorCode }) => results.push(errorCode))
    }
    await settle()
    expect(results).toEqual(Array(3).fill(errors.KAFKA_STORAGE_ERROR.code))
    expect(partition.fault).toContain('holds bytes')
  })

  test('a failed sync puts the partition out of use', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1, { 'flush.messages': '1' })
    broker.platters.refuse = (call) => (call === 'sync' ? 'EIO' : undefined)
    expect(await produce(partition, { values: ['a'] })).toMatchObject({ errorCode: errors.KAFKA_STORAGE_ERROR.code })
    expect(partition.fault).toContain('cannot be synced')
  })

  test('a full disk refuses writes and is no fault; reading goes on', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1)
    await produce(partition, { values: ['a'] })
    broker.platters.refuse = (call) => (call === 'write' ? 'ENOSPC' : undefined)
    expect(await produce(partition, { values: ['b'] })).toMatchObject({ errorCode: errors.KAFKA_STORAGE_ERROR.code })
    expect(await consume(partition)).toEqual([[0, 'a']])
    broker.platters.refuse = () => undefined
    expect(await produce(partition, { values: ['b'] })).toMatchObject({ errorCode: 0, baseOffset: 1 })
  })
})

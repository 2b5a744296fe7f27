import { errors } from '@castellan/protocol'
import { describe, expect, test } from 'vitest'
import { batchOf } from '../log/testing.ts'
import type { AppendResult } from './results.ts'
import { consume, produce, TestingBroker, topicId, topicState } from './testing.ts'

describe('leading (R5)', () => {
  test('a new process leads nothing before it is given a higher epoch than its log knows', async () => {
    const broker = await TestingBroker.start()
    const first = broker.lead(3)
    expect(first).toMatchObject({ isLeader: true, leaderEpoch: 3 })
    expect(await produce(first, { values: ['a', 'b'] })).toMatchObject({ errorCode: 0, baseOffset: 0 })

    const partitions = await broker.open()
    const again = partitions.get(topicId, 0)!
    expect(again).toMatchObject({ isLeader: false, leaderEpoch: 3, endOffset: 2, topic: 'orders' })
    expect(await produce(again, { values: ['c'] })).toMatchObject({ errorCode: errors.NOT_LEADER_OR_FOLLOWER.code })
    broker.lead(3)
    expect(again.isLeader).toBe(false)
    expect(partitions.reports()).toMatchObject([{ topicId, partition: 0, leaderEpoch: 3, fault: null }])
    broker.lead(4)
    expect(again).toMatchObject({ isLeader: true, leaderEpoch: 4 })
    expect(await produce(again, { values: ['c'] })).toMatchObject({ errorCode: 0, baseOffset: 2 })
    expect(await consume(again)).toEqual([
      [0, 'a'],
      [1, 'b'],
      [2, 'c'],
    ])
    expect([again.epochAt(1), again.epochAt(2)]).toEqual([3, 4])
    expect(again.endOfEpoch(3)).toEqual({ epoch: 3, endOffset: 2 })
  })

  test('an epoch that was led without a record counts as well', async () => {
    const broker = await TestingBroker.start()
    broker.lead(5)
    await broker.open()
    expect(broker.lead(5).isLeader).toBe(false)
    expect(broker.lead(6).isLeader).toBe(true)
  })

  test('to hear the same again changes nothing; a higher epoch goes on at the same place', async () => {
    const broker = await TestingBroker.start()
    const changes: string[] = []
    broker.partitions.onLeadership(({ isLeader, leaderEpoch }) => changes.push(`${isLeader} ${leaderEpoch}`))
    const partition = broker.lead(5)
    broker.lead(5)
    await produce(partition, { values: ['a'] })
    broker.lead(6)
    await produce(partition, { values: ['b'] })
    expect(changes).toEqual(['true 5', 'true 6'])
    expect(partition.endOfEpoch(5)).toEqual({ epoch: 5, endOffset: 1 })
  })

  test('when somebody else leads, it serves nothing; older news changes nothing (R14)', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(5)
    broker.partitions.apply(topicState({ leaderEpoch: 4, leader: 2, replicas: [1, 2] }))
    expect(partition.isLeader).toBe(true)
    const results: AppendResult[] = []
    partition.append(batchOf({ values: ['staged'] }), null, -1, (result) => results.push(result))
    broker.partitions.apply(topicState({ leaderEpoch: 6, leader: 2, replicas: [1, 2] }))
    expect(partition).toMatchObject({ isLeader: false, leaderEpoch: 6 })
    expect(results).toMatchObject([{ errorCode: errors.NOT_LEADER_OR_FOLLOWER.code }])
    expect(partition.read(0, 100, -1).errorCode).toBe(errors.NOT_LEADER_OR_FOLLOWER.code)
    expect((await partition.readCold(0, 100, -1)).errorCode).toBe(errors.NOT_LEADER_OR_FOLLOWER.code)
    expect(await partition.offsetForTimestamp(0)).toMatchObject({ errorCode: errors.NOT_LEADER_OR_FOLLOWER.code })
  })

  test('a replica leads, follows or does neither; each change is told once', async () => {
    const broker = await TestingBroker.start()
    const told: unknown[] = []
    broker.partitions.onLeadership(({ role, followed, leaderEpoch }) => told.push([role, followed, leaderEpoch]))
    const replicas = [1, 2, 3]
    const apply = (leaderEpoch: number, leader: number) =>
      broker.partitions.apply(topicState({ leaderEpoch, leader, replicas }))
    for (const [epoch, leader] of [
      [1, 2],
      [1, 2],
      [2, 3],
      [1, 1],
      [3, 1],
      [3, 1],
      [4, -1],
      [4, -1],
      [5, 2],
    ]) {
      apply(epoch!, leader!)
    }
    expect(told).toEqual([
      ['follower', { leader: 2, leaderEpoch: 1 }, 1],
      ['follower', { leader: 3, leaderEpoch: 2 }, 2],
      ['leader', null, 3],
      ['none', null, 4],
      ['follower', { leader: 2, leaderEpoch: 5 }, 5],
    ])
    const partition = broker.partitions.get(topicId, 0)!
    partition.setFault(new Error('broken'))
    expect(partition).toMatchObject({ role: 'none', followed: null })
    apply(6, 3)
    expect(partition).toMatchObject({ role: 'none', followed: null })
  })

  test('a partition of others is not made here', async () => {
    const broker = await TestingBroker.start()
    broker.partitions.apply(topicState({ leader: 2, replicas: [2, 3] }))
    expect([...broker.partitions.all()]).toEqual([])
  })
})

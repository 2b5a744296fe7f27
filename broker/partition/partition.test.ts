import { errors } from '@castellan/protocol'
import { describe, expect, test } from 'vitest'
import { consume, produce, TestingBroker, topicId, topicState } from './testing.ts'

describe('leading', () => {
  test('a new process leads nothing before it is given a higher epoch than its log knows (R5)', async () => {
    const broker = await TestingBroker.start()
    const first = broker.lead(3)
    expect(first).toMatchObject({ isLeader: true, leaderEpoch: 3 })
    expect(await produce(first, { values: ['a', 'b'] })).toMatchObject({ errorCode: 0, baseOffset: 0 })

    const { partitions } = { partitions: await broker.open() }
    const again = partitions.get(topicId, 0)!
    expect(again).toMatchObject({ isLeader: false, leaderEpoch: 3, endOffset: 2 })
    expect(await produce(again, { values: ['c'] })).toMatchObject({ errorCode: errors.NOT_LEADER_OR_FOLLOWER.code })
    broker.lead(3)
    expect(again.isLeader).toBe(false)
    expect(partitions.reports()).toEqual([{ topicId, partition: 0, leaderEpoch: 3, fault: null }])
    broker.lead(4)
    expect(again).toMatchObject({ isLeader: true, leaderEpoch: 4 })
    expect(await produce(again, { values: ['c'] })).toMatchObject({ errorCode: 0, baseOffset: 2 })
    expect(await consume(again)).toEqual([
      [0, 'a'],
      [1, 'b'],
      [2, 'c'],
    ])
  })

  test('an epoch that was led without a record counts as well (R5)', async () => {
    const broker = await TestingBroker.start()
    broker.lead(5)
    await broker.open()
    expect(broker.lead(5).isLeader).toBe(false)
    expect(broker.lead(6).isLeader).toBe(true)
  })

  test('when somebody else leads, what waits is refused, and older news changes nothing (R14)', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(5)
    broker.partitions.apply(topicState({ leaderEpoch: 4, leader: 2, replicas: [1, 2] }))
    expect(partition.isLeader).toBe(true)
    broker.partitions.apply(topicState({ leaderEpoch: 6, leader: 2, replicas: [1, 2] }))
    expect(partition.isLeader).toBe(false)
    expect(partition.read(0, 100, -1).errorCode).toBe(errors.NOT_LEADER_OR_FOLLOWER.code)
  })
})

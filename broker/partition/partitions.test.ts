import { describe, expect, test } from 'vitest'
import { batchOf } from '../log/testing.ts'
import {
  consume,
  dataFolder,
  partitionFolder,
  produce,
  TestingBroker,
  type TopicSpec,
  topicId,
  topicState,
} from './testing.ts'

const other = '22222222-2222-4333-8444-555555555555'

describe('logs come and go (R13)', () => {
  test('one log for each partition that this broker has a replica of', async () => {
    const broker = await TestingBroker.start()
    broker.partitions.apply(topicState({ partitions: 3 }))
    expect(broker.partitions.reports().map(({ partition }) => partition)).toEqual([0, 1, 2])
    expect(broker.platters.list(`${dataFolder}/logs/${topicId}`)).toEqual(['0', '1', '2'])
    broker.partitions.apply(topicState({ partitions: 4 }))
    expect([...broker.partitions.all()].every(({ isLeader }) => isLeader)).toBe(true)
  })

  test('very many are made over many turns, so that nothing else waits; a deletion in between holds', async () => {
    const broker = await TestingBroker.start()
    const made = () => [...broker.partitions.all()].filter(({ isLeader }) => isLeader).length
    broker.partitions.apply(topicState({ partitions: 100 }))
    broker.partitions.apply(topicState({ topicId: other, partitions: 100 }))
    expect(made()).toBeLessThan(50)
    broker.partitions.apply(topicState({ deleted: true }))
    await broker.clock.advance(100)
    expect(made()).toBe(100)
    expect(broker.platters.list(`${dataFolder}/logs`)).toEqual([other, 'format', 'run'])
    await broker.open()
    broker.partitions.apply(topicState({ topicId: other, partitions: 100 }))
    expect(made()).toBe(0)
  })

  test('what nobody speaks of is kept, and reported', async () => {
    const broker = await TestingBroker.start()
    await produce(broker.lead(1), { values: ['kept'] })
    await broker.partitions.close()
    await broker.open()
    broker.partitions.apply(topicState({ topicId: other }))
    await broker.clock.advance(86_400_000 * 30)
    expect(broker.partitions.reports()).toMatchObject([{ topicId }, { topicId: other }])
    expect(await consume(broker.lead(2))).toEqual([[0, 'kept']])
  })

  test('no longer a replica: it serves nothing, and its log stays', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1)
    await produce(partition, { values: ['kept'] })
    broker.partitions.apply(topicState({ leaderEpoch: 2, leader: 2, replicas: [2] }))
    expect(partition.isLeader).toBe(false)
    expect(broker.partitions.reports()).toHaveLength(1)
  })

  test('a recorded reassignment removes the one log; back again, it begins anew', async () => {
    const broker = await TestingBroker.start()
    const apply = (spec: TopicSpec) => broker.partitions.apply(topicState({ partitions: 2, ...spec }))
    apply({})
    const partition = broker.partitions.get(topicId, 0)!
    await produce(partition, { values: ['a'] })
    const roles: string[] = []
    broker.partitions.onLeadership(({ role, index }) => roles.push(`${index} ${role}`))
    apply({ leaderEpoch: 2, leader: 2, replicas: [2, 3] })
    expect(broker.partitions.reports()).toHaveLength(2)
    apply({ leaderEpoch: 1, leader: 2, replicas: [2, 3], removed: [1] })
    expect(broker.partitions.reports(), 'older news').toHaveLength(2)
    broker.platters.refuse = (call) => (call === 'rename' ? 'EIO' : undefined)
    apply({ leaderEpoch: 2, leader: 2, replicas: [2, 3], removed: [1] })
    expect(broker.partitions.reports().map(({ fault }) => fault)).toEqual(Array(2).fill(expect.stringContaining('EIO')))
    broker.platters.refuse = () => undefined
    await broker.clock.advance(400_000)
    expect(broker.partitions.reports()).toEqual([])
    expect(broker.platters.list(`${dataFolder}/logs`)).toEqual([topicId, 'format', 'high-watermarks', 'run'])
    expect(broker.platters.list(`${dataFolder}/logs/${topicId}`)).toEqual([])
    expect(roles.slice(0, 2)).toEqual(['0 none', '1 none'])
    apply({ leaderEpoch: 3, leader: 2, replicas: [2, 1], removed: [1] })
    expect(broker.partitions.get(topicId, 0)).toMatchObject({ role: 'follower', endOffset: 0 })
    apply({ leaderEpoch: 4, leader: 2, replicas: [2], removed: [1] })
    apply({ leaderEpoch: 5, leader: 1, replicas: [2, 1] })
    expect(broker.partitions.get(topicId, 0)).toMatchObject({ role: 'leader', endOffset: 0 })
  })

  test('a recorded deletion removes the logs of that id, also those that were left by a crash', async () => {
    const broker = await TestingBroker.start()
    const removed: number[] = []
    broker.partitions.apply(topicState({ partitions: 2 }))
    broker.partitions.apply(topicState({ topicId: other }))
    broker.partitions.onLeadership(({ index, isLeader }) => {
      if (!isLeader && broker.partitions.get(topicId, index) === undefined) removed.push(index)
    })
    const partition = broker.partitions.get(topicId, 0)!
    await produce(partition, { values: ['a'] })
    broker.platters.refuse = (call, path) => (call === 'remove' && path.includes('deleted-') ? 'EBUSY' : undefined)
    broker.partitions.apply(topicState({ deleted: true }))
    expect(partition.isLeader).toBe(false)
    expect(removed).toEqual([0, 1])
    expect(broker.partitions.reports()).toMatchObject([{ topicId: other }])
    await broker.clock.advance(100)
    expect(broker.platters.list(`${dataFolder}/logs`)).toContain(`deleted-${topicId}`)
    broker.platters.refuse = () => undefined
    await broker.open()
    expect(broker.partitions.reports()).toMatchObject([{ topicId: other }])
    await broker.clock.advance(100)
    expect(broker.platters.list(`${dataFolder}/logs`)).not.toContain(`deleted-${topicId}`)
  })

  test('a deletion that the disk refuses is tried again', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1)
    broker.platters.refuse = (call) => (call === 'rename' ? 'EIO' : undefined)
    broker.partitions.apply(topicState({ deleted: true }))
    expect(partition.isLeader).toBe(false)
    broker.platters.refuse = () => undefined
    await broker.clock.advance(3_000)
    expect(broker.partitions.reports()).toEqual([])
  })

  test('a log whose making was cut off by a kill is made by the next process, as soon as the disk has room', async () => {
    const broker = await TestingBroker.start()
    broker.lead(1)
    broker.platters.remove(`${partitionFolder}/00000000000000000000.log`)
    broker.platters.remove(`${partitionFolder}/epochs`)
    broker.platters.refuse = (call) => (call === 'write' ? 'ENOSPC' : undefined)
    await broker.open()
    const partition = broker.lead(2)
    expect(partition.fault).toBe('the log cannot be made: ENOSPC')
    broker.platters.refuse = () => undefined
    await broker.clock.advance(2_001)
    expect(partition).toMatchObject({ fault: null, role: 'leader' })
    expect(await produce(partition, { values: ['a'] })).toMatchObject({ errorCode: 0 })
  })

  test('a log that cannot be made is a fault, and is tried again', async () => {
    const broker = await TestingBroker.start()
    broker.platters.refuse = (call) => (call === 'mkdir' || call === 'write' ? 'ENOSPC' : undefined)
    expect(broker.lead(1)).toMatchObject({ isLeader: false, fault: expect.stringContaining('ENOSPC') })
    broker.platters.refuse = () => undefined
    await broker.clock.advance(3_000)
    const partition = broker.partitions.get(topicId, 0)!
    expect(partition).toMatchObject({ isLeader: true, fault: null })
    expect(await produce(partition, { values: ['a'] })).toMatchObject({ errorCode: 0 })
  })
})

test('where its log ends is told by a replica that has no leader, for R7', async () => {
  const broker = await TestingBroker.start()
  const apply = (leaderEpoch: number, leader: number) =>
    broker.partitions.apply(topicState({ leaderEpoch, leader, replicas: [1, 2] }))
  apply(3, 1)
  const partition = broker.partitions.get(topicId, 0)!
  partition.append(batchOf({ values: ['a', 'b'] }), null, 0, () => {})
  expect(partition.report()).not.toHaveProperty('endOffset')
  apply(4, 2)
  expect(partition.report()).not.toHaveProperty('endOffset')
  apply(5, -1)
  expect(partition.report()).toMatchObject({ leaderEpoch: 5, lastEpoch: 3, endOffset: 2 })
})

// Topics made, changed and deleted: who hears of it, and who does not.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Harness, keepLogs } from '../testing/harness.ts'

let world: Harness

beforeEach(async () => {
  world = await Harness.start()
})

afterEach(() => world.castle.stop())

describe('topics', () => {
  test('a change reaches those who use the topic, and nobody else', async () => {
    await world.startBrokers(1)
    await world.castle.createTopic({ cluster: 'c', name: 'orders' })
    await world.castle.createTopic({ cluster: 'c', name: 'other' })
    const user = world.client('user', { topics: ['orders'] })
    const stranger = world.client('stranger', { topics: ['other'] })
    await world.clock.pass(100)
    const heard = stranger.told.length
    const before = world.clock.nowMs()
    await world.castle.changeTopic('c', 'orders', { ackLevel: 1, configs: { 'retention.ms': '1000' } })
    await world.clock.until(() => user.topic('orders')?.ackLevel === 1, 200, 'the change is known')
    expect(world.clock.nowMs() - before).toBeLessThan(20)
    expect(user.topic('orders')?.configs).toEqual({ 'retention.ms': '1000' })
    await world.clock.pass(1_000)
    expect(stranger.told.length).toBe(heard)
  })

  test('what is for people only wakes nobody up', async () => {
    await world.startBrokers(1)
    await world.castle.createTopic({ cluster: 'c', name: 'orders' })
    const user = world.client('user', { topics: ['orders'] })
    await world.clock.pass(100)
    const version = user.held.get(`topic/${user.topic('orders')?.topicId}`)?.version
    await world.castle.changeTopic('c', 'orders', {
      owner: 'team-a',
      description: 'orders of customers',
      labels: { tier: '1' },
    })
    await world.clock.pass(100)
    expect(world.state.topicNamed('c', 'orders')).toMatchObject({ owner: 'team-a', labels: { tier: '1' }, version })
  })

  test('one that does not exist yet is missing, and comes by push when it is made', async () => {
    await world.startBrokers(1)
    const answers: (readonly string[] | undefined)[] = []
    const client = world.client(
      'early',
      { topics: ['orders'] },
      { onAnswer: (answer) => answers.push(answer.missingTopics) },
    )
    await world.clock.pass(100)
    expect(answers.at(-1)).toEqual(['orders'])
    await world.castle.createTopic({ cluster: 'c', name: 'orders' })
    await world.clock.pass(20)
    expect(client.topic('orders')).toBeDefined()
    await world.clock.pass(20)
    expect(answers.at(-1)).toBeUndefined()
  })

  test('a deletion is kept until each broker that held the topic has no log of it; the name is free at once (R13)', async () => {
    const [first, second] = await world.startBrokers(2)
    const { topicId } = await world.castle.createTopic({ cluster: 'c', name: 'orders', partitions: 2 })
    const client = world.client('user', { topics: ['orders'] })
    await world.clock.pass(100)
    for (const broker of [first!, second!]) keepLogs(broker)
    await world.clock.pass(100)
    await world.castle.deleteTopic('c', { name: 'orders' })
    const { topicId: newId } = await world.castle.createTopic({ cluster: 'c', name: 'orders', partitions: 2 })
    expect(newId).not.toBe(topicId)
    await world.clock.pass(100)
    for (const sender of [first!, second!, client]) {
      expect(sender.held.get(`topic/${topicId}`)?.state).toMatchObject({ deleted: true, partitions: [] })
      expect(sender.topic('orders')?.topicId).toBe(newId)
    }
    expect(world.state.get('topic', topicId)?.holders).toEqual([1, 2])
    keepLogs(first!)
    await world.clock.pass(100)
    expect(world.state.get('topic', topicId)?.holders).toEqual([2])
    keepLogs(second!)
    await world.clock.pass(100)
    // Its record stays, for who missed it must not bring the topic back (R14); nobody else is told.
    expect(world.state.get('topic', topicId)).toMatchObject({ deleted: true, holders: [] })
    const newcomer = world.broker(9)
    await world.clock.pass(200)
    expect(newcomer.cluster).toBeDefined()
    expect(newcomer.held.has(`topic/${topicId}`)).toBe(false)
  })

  test('a deletion waits for brokers that have not heard of it, also when they report no log yet (R13)', async () => {
    const [first] = await world.startBrokers(2)
    await world.castle.createTopic({ cluster: 'c', name: 'orders', partitions: 2 })
    await world.clock.pass(100)
    // The first broker speaks to Castle, but hears nothing.
    world.network.faults = { ...world.network.faults, lose: 1 }
    const { topicId } = world.state.topicNamed('c', 'orders')!
    await world.castle.deleteTopic('c', { name: 'orders' })
    const { incarnation, brokerEpoch } = world.state.get('broker', '1')!
    const holds = first!.versions()
    const base = { type: 'heartbeat', seq: 99, kind: 'broker', id: '1', castleEpoch: 1, reportNumber: 99 } as const
    await world.castle.heartbeat({ ...base, incarnation, brokerEpoch, report: { ...first!.report, holds } })
    await world.clock.pass(5)
    expect(world.state.get('topic', topicId)?.holders).toEqual([1, 2])
    const { version } = world.state.get('topic', topicId)!
    const heard = { ...holds, [`topic/${topicId}`]: version }
    await world.castle.heartbeat({
      ...base,
      reportNumber: 100,
      incarnation,
      brokerEpoch,
      report: { ...first!.report, holds: heard },
    })
    await world.clock.pass(5)
    expect(world.state.get('topic', topicId)?.holders).toEqual([2])
  })

  test('a log of a topic that Castle never knew is stray: shown, and nobody is told to delete it', async () => {
    const topicId = '11111111-1111-4111-8111-111111111111'
    const broker = world.broker(1, { logs: [{ topicId, partition: 0, leaderEpoch: 4, fault: null }] })
    await world.clock.pass(1_500)
    expect(world.castle.brokers.reports.strays(world.castle.state, 1)).toEqual([{ topicId, partition: 0 }])
    expect(broker.held.has(`topic/${topicId}`)).toBe(false)
  })

  test('brokers ask for topics by call, and hear what is wrong in words', async () => {
    const [broker] = await world.startBrokers(1)
    const created = broker!.sender.call('createTopic', { name: 'orders', partitions: 3 }, 1_000)
    const twice = broker!.sender.call('createTopic', { name: 'orders' }, 1_000)
    const wrong = broker!.sender.call('createTopic', { name: 'three', replicationFactor: 3 }, 1_000)
    const nonsense = broker!.sender.call('createTopic', { partitions: 'many' }, 1_000)
    await world.clock.pass(50)
    expect(await created).toMatchObject({ errorCode: 0, value: { partitions: 3, replicationFactor: 1, configs: {} } })
    expect(await twice).toMatchObject({ errorCode: 36, message: expect.stringContaining("'orders' exists already") })
    expect(await wrong).toMatchObject({ errorCode: 38, message: expect.stringContaining('can replicate') })
    expect(await nonsense).toMatchObject({ errorCode: 42 })
    const deleted = broker!.sender.call('deleteTopic', { name: 'orders' }, 1_000)
    await world.clock.pass(50)
    expect(await deleted).toMatchObject({ errorCode: 0 })
    expect(broker?.topic('orders')).toBeUndefined()
  })
})

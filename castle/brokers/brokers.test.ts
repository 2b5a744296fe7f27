// The life of brokers, as they and their Castle see it.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Harness, keepLogs, upBrokers } from '../testing/harness.ts'

let world: Harness

beforeEach(async () => {
  world = await Harness.start()
})

afterEach(() => world.castle.stop())

describe('brokers', () => {
  test('a process that stops says nothing of the next one, whose registration waits while its own is written', async () => {
    world.commitDelayMs = 20
    world.broker(1, { stopping: true }, { incarnation: '1-stops' })
    await world.clock.pass(10)
    world.broker(1, {}, { incarnation: '1-next' })
    await world.clock.pass(500)
    expect(world.state.get('broker', '1')).toMatchObject({ incarnation: '1-next', stopping: false })
  })

  test('register, hear of each other, and get the log of groups spread over them', async () => {
    const brokers = await world.startBrokers(3)
    await world.clock.pass(50)
    for (const broker of brokers) {
      expect(upBrokers(broker)).toEqual([1, 2, 3])
      expect(broker.leads('__consumer_offsets')).toHaveLength(4)
      expect(broker.sender.brokerEpoch).toBe(world.state.get('broker', String(broker.id))?.brokerEpoch)
      expect(broker.held.has(`producer-ids/${broker.id}`)).toBe(true)
    }
    expect(brokers[0]?.topic('__consumer_offsets')).toMatchObject({
      internal: true,
      configs: { 'retention.ms': '-1', 'retention.bytes': '-1', 'cleanup.policy': 'delete' },
    })
    expect(world.decisions).toEqual(['broker-up', 'broker-up', 'broker-up', 'topic-created'])
  })

  test('one broker alone gets the log of groups after a short wait', async () => {
    const broker = world.broker(1)
    await world.clock.pass(900)
    expect(broker.cluster).toBeDefined()
    expect(broker.topic('__consumer_offsets')).toBeUndefined()
    await world.clock.pass(200)
    expect(broker.leads('__consumer_offsets')).toHaveLength(12)
  })

  test('one that falls silent is called down after its lease, not before; its partitions have no leader', async () => {
    const [first, second] = await world.startBrokers(2)
    await world.castle.createTopic({ cluster: 'c', name: 'orders', partitions: 4 })
    await world.clock.pass(100)
    const silentSince = world.clock.nowMs()
    // Its link closes, but it never said that it stops.
    void first?.sender.stop()
    await world.clock.until(() => upBrokers(second!)?.length === 1, 3_000, 'called down')
    expect(world.clock.nowMs() - silentSince).toBeGreaterThan(700)
    expect(world.clock.nowMs() - silentSince).toBeLessThan(1_150)
    expect(second?.topic('orders')?.partitions.map(({ leader, leaderEpoch }) => [leader, leaderEpoch])).toEqual([
      [-1, 1],
      [2, 0],
      [-1, 1],
      [2, 0],
    ])
  })

  test('of those that fall silent together none is elected in place of another', async () => {
    const brokers = [1, 2, 3].map((id) => world.broker(id, { replicates: true }))
    await world.clock.until(() => brokers.every((broker) => broker.cluster?.brokers.length === 3), 2_000, 'all are up')
    await world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[1, 2, 3]] })
    await world.killCastle()
    for (const broker of brokers) void broker.sender.stop()
    await world.startCastle()
    await world.clock.pass(3_000)
    const { partitions = [] } = world.state.topicNamed('c', 'orders') ?? {}
    expect(partitions).toMatchObject([{ leader: -1, leaderEpoch: 1, isr: [1, 2, 3] }])
  })

  test('one that said that it stops is down as soon as its link is gone', async () => {
    const [first, second] = await world.startBrokers(2)
    first?.change({ stopping: true })
    await world.clock.pass(20)
    await Promise.all([first?.sender.stop(), world.clock.pass(600)])
    expect(upBrokers(second!)).toEqual([2])
    expect([...world.state.all('broker')][0]?.why).toBe('it stopped in good order')
  })

  test('one that stops, and has not handed over yet, is not down because its link breaks (R2)', async () => {
    const brokers = [1, 2].map((id) => world.broker(id, { replicates: true }))
    await world.clock.until(() => brokers.every((broker) => broker.cluster?.brokers.length === 2), 2_000, 'both are up')
    await world.castle.createTopic({ cluster: 'c', name: 'orders', ackLevel: 1, assignments: [[1, 2]] })
    brokers[0]?.change({ stopping: true })
    await world.clock.pass(20)
    world.network.breakAll()
    await world.clock.pass(500)
    expect(world.state.topicNamed('c', 'orders')?.partitions[0]).toMatchObject({ leader: 1, leaderEpoch: 0, next: 2 })
    expect(world.decisions).not.toContain('broker-down')
  })

  test('a new process of a broker leads again only at new leader epochs; the old one is told to stop (R5)', async () => {
    const [first] = await world.startBrokers(2)
    await world.castle.createTopic({ cluster: 'c', name: 'orders', partitions: 2 })
    await world.clock.pass(100)
    keepLogs(first!)
    await world.clock.pass(100)
    const before = world.state.topicNamed('c', 'orders')?.partitions
    const oldEpoch = first?.sender.brokerEpoch ?? 0
    const again = world.broker(1, { logs: first?.report.logs ?? [], pid: 999 }, { incarnation: '1-again' })
    await world.clock.pass(100)
    expect(world.state.topicNamed('c', 'orders')?.partitions).toEqual([
      { ...before?.[0], leaderEpoch: 1, partitionEpoch: 1 },
      before?.[1],
    ])
    expect(again.sender.brokerEpoch).toBeGreaterThan(oldEpoch)
    expect(first?.stopped).toBe("a newer process has the id '1'")
    expect(again.stopped).toBeUndefined()
    expect(world.state.get('broker', '1')).toMatchObject({ up: true, pid: 999 })
  })

  test('a fault takes the leader away, and only there; when it is gone the partition leads again (R9)', async () => {
    const [first] = await world.startBrokers(1)
    await world.castle.createTopic({ cluster: 'c', name: 'orders', partitions: 2 })
    await world.clock.pass(100)
    keepLogs(first!)
    await world.clock.pass(50)
    const { topicId } = first!.topic('orders')!
    const faulty = first!.report.logs.map((log) =>
      log.topicId === topicId && log.partition === 1 ? { ...log, fault: 'bad batch' } : log,
    )
    const fine = first!.report.logs
    first?.change({ logs: faulty })
    await world.clock.pass(50)
    expect(first?.topic('orders')?.partitions.map(({ leader, leaderEpoch }) => [leader, leaderEpoch])).toEqual([
      [1, 0],
      [-1, 1],
    ])
    first?.change({ logs: fine })
    await world.clock.pass(50)
    expect(first?.topic('orders')?.partitions[1]).toMatchObject({ leader: 1, leaderEpoch: 2 })
  })

  test('an id that belongs to another cluster is refused, and the rightful owner goes on', async () => {
    const [first] = await world.startBrokers(1)
    const stranger = world.broker(1, { cluster: 'other' }, { incarnation: 'stranger' })
    await world.clock.pass(600)
    expect(stranger.stopped).toContain("broker id 1 belongs to cluster 'c', not 'other'")
    expect(first?.stopped).toBeUndefined()
    expect(first?.sender.connected).toBe(true)
  })

  test('a block of producer ids is followed by the next as soon as it is begun, and none is given twice', async () => {
    const brokers = await world.startBrokers(2)
    const blocks: number[] = []
    for (let round = 0; round < 5; round++) {
      for (const broker of brokers) {
        const { start } = broker.held.get(`producer-ids/${broker.id}`)!.state as { start: number }
        blocks.push(start)
        broker.change({ producerIdsBegun: start })
      }
      await world.clock.pass(50)
    }
    expect(new Set(blocks.map((start) => Math.floor(start / 1_000))).size).toBe(10)
  })
})

describe('what a broker reports of its logs', () => {
  test('is looked at again when it could not be written', async () => {
    const [first] = await world.startBrokers(1)
    await world.castle.createTopic({ cluster: 'c', name: 'orders' })
    await world.clock.pass(100)
    keepLogs(first!)
    await world.clock.pass(50)
    world.commitFails = true
    first?.change({ logs: first.report.logs.map((log) => ({ ...log, fault: 'bad batch' })) })
    await world.clock.pass(500)
    expect(world.state.topicNamed('c', 'orders')?.partitions[0]?.leader).toBe(1)
    world.commitFails = false
    await world.clock.pass(1_500)
    expect(world.state.topicNamed('c', 'orders')?.partitions[0]?.leader).toBe(-1)
  })

  test('is looked at although it came while its process was being registered', async () => {
    const [first] = await world.startBrokers(1)
    const { topicId } = await world.castle.createTopic({ cluster: 'c', name: 'orders' })
    await world.clock.pass(100)
    await Promise.all([first?.sender.stop(), world.clock.pass(100)])
    world.commitDelayMs = 100
    const again = world.broker(1, {}, { incarnation: '1-again' })
    await world.clock.pass(20)
    again.change({ logs: [{ topicId, partition: 0, leaderEpoch: 0, fault: 'bad batch' }] })
    await world.clock.pass(1_000)
    expect(world.state.topicNamed('c', 'orders')?.partitions[0]?.leader).toBe(-1)
  })
})

// A Castle that was killed and starts again, also over a store that went back in time.
import { castleEpochMax, versionOf } from '@castellan/protocol/heartbeat'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MemoryDisk } from './store/memory.ts'
import { Harness, keepLogs, upBrokers } from './testing/harness.ts'

let world: Harness

beforeEach(async () => {
  world = await Harness.start()
})

afterEach(() => world.castle.stop())

describe('a Castle that starts again', () => {
  test('changes nothing while everybody lives (R10)', async () => {
    const brokers = await world.startBrokers(3)
    await world.castle.createTopic({ cluster: 'c', name: 'orders', partitions: 6 })
    const client = world.client('user', { topics: ['orders'] })
    await world.clock.pass(100)
    const group = {
      group: 'g',
      membership: 3,
      revision: 3,
      groupEpoch: 3,
      members: [{ memberId: 'a', rack: null, topics: ['orders'], target: {} }],
    }
    const coordinator = brokers.find(({ id }) => id === world.castle.groups.coordinatorOf('c', 'g'))
    coordinator?.change({ groups: [group] })
    for (const broker of brokers) keepLogs(broker)
    await world.clock.pass(300)
    const senders = [...brokers, client]
    const before = senders.map((sender) => sender.versions())
    const entries = new Map(world.disk.entries)
    const epoch = world.castle.castleEpoch
    await world.killCastle()
    await world.clock.pass(3_000)
    await world.startCastle()
    await world.clock.pass(10_000)
    expect(world.castle.castleEpoch).toBe(epoch + 1)
    expect(senders.every(({ sender }) => sender.connected && sender.castleEpoch === epoch + 1)).toBe(true)
    expect(senders.map((sender) => sender.versions())).toEqual(before)
    expect(world.disk.entries).toEqual(entries)
  })

  test('still knows which process of a broker is the older one', async () => {
    const [first] = await world.startBrokers(1)
    const old = first!.report
    await Promise.all([first?.sender.stop(), world.clock.pass(100)])
    world.broker(1, {}, { incarnation: '1-again' })
    await world.clock.pass(100)
    await world.killCastle()
    await world.startCastle()
    const back = world.broker(1, old, { incarnation: '1-1' })
    await world.clock.pass(1_000)
    expect(back.stopped).toBe("a newer process has the id '1'")
    expect(world.state.get('broker', '1')).toMatchObject({ up: true, incarnation: '1-again' })
  })

  test.each([
    ['its store', 4],
    ['an older store, whose epoch is lower', 1],
  ])('takes the calls that waited for it, over %s, once it knows who calls', async (_, castleEpoch) => {
    const [broker] = await world.startBrokers(1)
    for (let starts = 0; starts < 3; starts++) {
      await world.killCastle()
      await world.startCastle()
      await world.clock.pass(3_000)
    }
    await world.killCastle()
    world.disk.castleEpoch = castleEpoch
    await world.clock.pass(1_000)
    broker!.change({ rack: 'another' }) // so its first heartbeat has a report
    const args = { cluster: 'c', name: 'waited', partitions: 1 }
    const called = broker!.sender.call('createTopic', args, 20_000)
    await world.startCastle()
    await world.clock.pass(5_000)
    expect(await called).toMatchObject({ errorCode: 0 })
    expect(world.castle.sessions.counts.malformed).toBe(0)
  })

  test('leaves nothing to be done when it was stopped', async () => {
    const broker = world.broker(1)
    await world.clock.pass(100)
    await Promise.all([broker.sender.stop(), world.clock.pass(100)])
    await world.castle.stop()
    await world.clock.pass(1)
    expect(world.clock.pending).toBe(0)
  })

  test('registers whoever came early the moment that all are heard, not with their next heartbeats', async () => {
    const old = await world.startBrokers(3)
    await world.killCastle()
    await Promise.all([...old.map(({ sender }) => sender.stop()), world.clock.pass(200)])
    await world.startCastle()
    const again = (id: number) => world.broker(id, {}, { incarnation: `${id}-again` })
    const isUp = (id: number) => world.state.get('broker', String(id))?.incarnation === `${id}-again`
    const early = [again(1), again(2)]
    await world.clock.pass(300)
    expect([isUp(1), isUp(2)]).toEqual([false, false])
    again(3)
    await world.clock.until(() => [1, 2, 3].every(isUp), 50, 'all are registered')
    expect(early.map(({ stopped }) => stopped)).toEqual([undefined, undefined])
  })

  test.each([
    ['not for one that is gone and has no replica', false, 50],
    ['for a lease for one that is gone and has one', true, 1_100],
  ])('holds its decisions %s', async (_, replicates, atMostMs) => {
    const brokers = await world.replicating(2)
    const third = world.broker(3, { replicates })
    await world.clock.until(() => world.state.get('broker', '3')?.up === true, 1_000, 'it is up')
    const assignments = [replicates ? [1, 2, 3] : [1, 2]]
    await world.castle.createTopic({ cluster: 'c', name: 'orders', assignments })
    await world.done(third.sender.stop())
    await world.clock.until(() => world.state.get('broker', '3')?.up === false, 4_000, 'it is down')
    await world.killCastle()
    await world.startCastle()
    await world.clock.until(
      () => brokers.every(({ id }) => world.castle.brokers.reports.of(id)),
      2_000,
      'both are heard',
    )
    const beganMs = world.clock.nowMs()
    let isDone = false
    void world.castle.changeTopic('c', 'orders', { ackLevel: 0 }).then(() => {
      isDone = true
    })
    await world.clock.until(() => isDone, 3_000, 'it is changed')
    expect(world.clock.nowMs() - beganMs).toBeLessThan(atMostMs)
  })

  test('waits a full lease and more before it calls a broker dead that died meanwhile', async () => {
    const [first, second] = await world.startBrokers(2)
    await world.clock.pass(200)
    await world.killCastle()
    await first?.sender.stop()
    await world.clock.pass(5_000)
    const startedMs = world.clock.nowMs()
    await world.startCastle()
    await world.clock.until(() => upBrokers(second!)?.length === 1, 5_000, 'called down')
    expect(world.clock.nowMs() - startedMs).toBeGreaterThanOrEqual(2_000)
    expect(world.clock.nowMs() - startedMs).toBeLessThan(2_200)
  })

  test('over a store that went back in time takes a higher epoch, and is followed again (R14)', async () => {
    const [broker] = await world.startBrokers(1)
    await world.castle.createTopic({ cluster: 'c', name: 'orders' })
    const client = world.client('user', { topics: ['orders'] })
    await world.clock.pass(100)
    const old = new Map(world.disk.entries)
    const oldEpoch = world.disk.castleEpoch
    for (let restart = 0; restart < 3; restart++) {
      await world.killCastle()
      await world.startCastle()
    }
    await Promise.all([world.castle.changeTopic('c', 'orders', { ackLevel: 0 }), world.clock.pass(2_000)])
    expect(client.topic('orders')?.ackLevel).toBe(0)
    const known = world.castle.castleEpoch
    await world.killCastle()
    world.disk = new MemoryDisk()
    world.disk.castleEpoch = oldEpoch
    for (const [key, value] of old) world.disk.entries.set(key, value)
    await world.startCastle()
    await world.clock.pass(3_000)
    expect(world.castle.castleEpoch).toBeGreaterThan(known)
    expect(world.decisions).toContain('castle-epoch')
    expect(client.topic('orders')?.ackLevel).toBe(-1)
    expect(broker?.sender.connected).toBe(true)
    await world.castle.changeTopic('c', 'orders', { ackLevel: 1 })
    await world.clock.pass(50)
    expect(client.topic('orders')?.ackLevel).toBe(1)
  })

  test('over entries that went back in time, although the epoch did not, is followed again too (R14)', async () => {
    await world.startBrokers(1)
    await world.castle.createTopic({ cluster: 'c', name: 'orders' })
    const client = world.client('user', { topics: ['orders'] })
    await world.clock.pass(100)
    const old = new Map(world.disk.entries)
    await world.castle.changeTopic('c', 'orders', { ackLevel: 0 })
    await world.clock.pass(100)
    expect(client.topic('orders')?.ackLevel).toBe(0)
    await world.killCastle()
    world.disk.entries.clear()
    for (const [key, value] of old) world.disk.entries.set(key, value)
    await world.startCastle()
    await world.clock.pass(3_000)
    expect(client.topic('orders')?.ackLevel).toBe(-1)
  })

  test('over an emptied store takes an epoch above what brokers know, before it registers them (R14)', async () => {
    const [broker] = await world.startBrokers(1)
    await world.killCastle()
    world.disk.castleEpoch = 500
    await world.startCastle()
    await world.clock.until(() => broker?.sender.castleEpoch === 501, 3_000, 'the broker knows epoch 501')
    const brokerEpoch = broker?.sender.brokerEpoch ?? 0
    await world.killCastle()
    world.disk = new MemoryDisk()
    await world.startCastle()
    await world.clock.until(() => broker?.sender.castleEpoch === 502, 3_000, 'the broker follows again')
    expect(world.castle.castleEpoch).toBe(502)
    expect(world.state.get('broker', '1')?.brokerEpoch).toBeGreaterThan(brokerEpoch)
    expect(world.state.get('producer-ids', '1')?.start).toBeGreaterThanOrEqual(versionOf(502, 0))
  })

  test('over a store without epochs left does not start, and says what to do', async () => {
    await world.killCastle()
    world.disk.castleEpoch = castleEpochMax
    await expect(world.startCastle()).rejects.toMatchObject({
      code: 'EPOCHS_USED_UP',
      next: expect.stringContaining('backup'),
    })
    expect(world.disk.castleEpoch).toBe(castleEpochMax)
  })

  test('a leader epoch that a replica knows and the store does not is exceeded (R14)', async () => {
    const [broker] = await world.startBrokers(1)
    const { topicId } = await world.castle.createTopic({ cluster: 'c', name: 'orders' })
    await world.clock.pass(50)
    broker?.change({ logs: [{ topicId, partition: 0, leaderEpoch: 17, fault: null }] })
    await world.clock.pass(50)
    expect(broker?.topic('orders')?.partitions[0]).toMatchObject({ leader: 1, leaderEpoch: 18 })
  })
})

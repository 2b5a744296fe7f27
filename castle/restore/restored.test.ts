// A store restored from a backup (R14), with brokers that know better, some of them away.
import { castleEpochOf } from '@castellan/protocol/heartbeat'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Topic } from '../state/entities.ts'
import { Restoring } from '../testing/restoring.ts'
import type { TestBroker } from '../testing/senders.ts'

let world: Restoring

beforeEach(async () => {
  world = await Restoring.start()
})

afterEach(() => world.castle.stop())

describe('a store restored from a backup', () => {
  test('gives no producer id twice, though the Castle of the lost store had the same epoch as the one of this', async () => {
    const [one, two] = await world.replicating(2)
    const old = world.backup()
    await world.restore(world.disk)
    const blockOf = (broker?: TestBroker) => broker?.held.get(`producer-ids/${broker.id}`)?.state as { start: number }
    await world.clock.until(() => one?.sender.castleEpoch === 2 && two?.sender.castleEpoch === 2, 3_000, 'epoch 2')
    two?.change({ producerIdsBegun: blockOf(two).start })
    await world.clock.pass(100)
    const { start: given } = blockOf(two)
    expect(castleEpochOf(given)).toBe(2)
    const again = await world.kill(one!)
    await world.kill(two!)
    await world.restore(old)
    const back = again()
    await world.clock.until(() => blockOf(back) !== undefined, 3_000, 'a block')
    expect(blockOf(back).start).not.toBe(given)
    expect(world.castle.castleEpoch).toBe(3)
    await world.clock.pass(3_000)
    expect(world.castle.castleEpoch).toBe(3)
  })

  test('gives a broker that knows a newer broker epoch a newer one still: by the older no leader could have it in sync', async () => {
    const brokers = await world.replicating(3)
    const old = world.backup()
    const known = JSON.parse(old.entries.get('broker/2') ?? '') as { brokerEpoch: number }
    old.entries.set('broker/2', JSON.stringify({ ...known, brokerEpoch: known.brokerEpoch - 1 }))
    const held = brokers[1]?.sender.brokerEpoch ?? 0
    await world.restore(old)
    const stored = () => world.castle.state.get('broker', '2')?.brokerEpoch ?? 0
    await world.clock.until(() => stored() > held, 3_000, 'it is registered anew')
    await world.clock.pass(1_000)
    expect(brokers[1]?.sender.brokerEpoch).toBe(stored())
  })

  test('counts nobody as in sync who lost power meanwhile, in topics that it forgot, too (R8)', async () => {
    const brokers = [1, 2, 3].map((id) => world.broker(id, { replicates: true, logsId: `logs-${id}` }))
    await world.clock.until(() => brokers.every((broker) => broker.topic('__consumer_offsets')), 3_000, 'brokers')
    const old = world.backup()
    await world.done(world.castle.createTopic({ cluster: 'c', name: 'bills', assignments: [[2, 1, 3]] }))
    await world.clock.pass(200)
    const again = await Promise.all(brokers.map((broker) => world.kill(broker)))
    await world.restore(old)
    const back = again.map((start) => start())
    for (const [index, broker] of back.entries())
      broker.change({ logsId: index === 1 ? 'another' : `logs-${index + 1}` })
    await world.clock.until(
      () => world.partition('bills') !== undefined && world.inDoubt().length === 0,
      5_000,
      'nothing is in doubt',
    )
    expect(world.partition('bills')).toMatchObject({ leader: 1, isr: [1, 3] })
  })

  test('counts as in sync who lost power, came back into sync and has told a Castle of its logs, before the store went back', async () => {
    const named = (id: number, logsId = `logs-${id}`) => ({ replicates: true, logsId, logsSince: 1 })
    const brokers = [1, 2, 3].map((id) => world.broker(id, named(id)))
    await world.clock.until(() => brokers.every((broker) => broker.topic('__consumer_offsets')), 3_000, 'brokers')
    await world.done(world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[1, 2, 3]] }))
    await world.clock.pass(200)
    const old = world.backup()
    const since = world.topic('orders')?.version ?? 0
    await world.done(world.castle.changeTopic('c', 'orders', { configs: { 'retention.ms': '2' } }))
    const later = world.topic('orders')?.version ?? 0
    expect(later).toBeGreaterThan(since)
    await world.clock.pass(200)
    const starts = await Promise.all(brokers.map((broker) => world.kill(broker)))
    await world.restore(old)
    // Between the backup and that change 2 and 3 lost power, and came back; 1 loses it now. All go by other names than the store knows.
    const [one, ...others] = starts.map((start) => start())
    one?.change({ logsId: 'new' })
    for (const broker of others) broker.change({ ...named(broker.id, 'another'), logsSince: later - 1 })
    await world.clock.until(
      () => world.topic('orders')?.version !== since && world.inDoubt().length === 0,
      5_000,
      'no doubt',
    )
    expect(world.partition('orders')).toMatchObject({ leader: 2, isr: [2, 3] })
    expect(world.topic('orders')?.losses ?? []).toEqual([])
  })

  test('takes over what brokers know, and goes on once all have reported', async () => {
    const brokers = await world.replicating(3)
    const made = world.castle.createTopic({
      cluster: 'c',
      name: 'orders',
      partitions: 2,
      configs: { 'retention.ms': '1' },
    })
    await world.done(made)
    const old = world.backup()
    await world.done(world.castle.changeTopic('c', 'orders', { configs: { 'retention.ms': '2' }, partitions: 4 }))
    await world.shrink(brokers, 'orders', [1, 2])
    await world.done(world.castle.createTopic({ cluster: 'c', name: 'later' }))
    const before = world.topic('orders') as Topic
    await world.restore(old)
    await world.clock.until(
      () => world.topic('later') !== undefined && world.inDoubt().length === 0,
      3_000,
      'it is all there again',
    )
    expect(world.topic('orders')).toMatchObject({ configs: { 'retention.ms': '2' }, topicId: before.topicId })
    expect(world.topic('orders')?.partitions).toHaveLength(4)
    expect(world.partition('orders')).toMatchObject({ isr: [1, 2], leader: 1 })
    // Whoever led leads by a new leader epoch (R5), and everybody is told under a version that counts.
    expect(world.partition('orders')?.leaderEpoch).toBeGreaterThan(before.partitions[0]?.leaderEpoch ?? 0)
    await world.clock.pass(1_000)
    for (const broker of brokers) expect(broker.topic('orders')?.partitions).toEqual(world.topic('orders')?.partitions)
    expect(world.decisions).toEqual(expect.arrayContaining(['castle-epoch', 'topic-restored', 'doubt-over']))
  })

  test('elects nobody by what it forgot: the one left in sync may be away', async () => {
    const brokers = await world.replicating(3)
    await world.done(world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[1, 2, 3]] }))
    const old = world.backup()
    await world.shrink(brokers, 'orders', [1])
    const start = await world.kill(brokers[0]!)
    await world.killCastle()
    await world.restore(old)
    await world.clock.pass(10_000)
    // Broker 1 is down; 2 and 3 were in sync when the backup was made, and are not.
    expect(world.state.get('broker', '1')?.up).toBe(false)
    expect(world.inDoubt()).toContain('orders')
    expect(world.partition('orders')?.leader).not.toBe(2)
    expect(brokers[1]?.topic('orders')?.partitions[0]).toMatchObject({ isr: [1] })
    await expect(world.done(world.castle.deleteTopic('c', { name: 'orders' }))).rejects.toMatchObject({
      code: 'TOPIC_IN_DOUBT',
    })
    start()
    await world.clock.until(() => world.inDoubt().length === 0, 3_000, 'the doubt is over')
    expect(world.partition('orders')).toMatchObject({ leader: 1, isr: [1] })
  })

  test('goes on without a broker that a person gives up', async () => {
    const brokers = await world.replicating(3)
    await world.done(world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[1, 2, 3]] }))
    const old = world.backup()
    await world.done(world.castle.changeTopic('c', 'orders', { ackLevel: 1 }))
    const start = await world.kill(brokers[0]!)
    await world.restore(old)
    await world.clock.pass(5_000)
    expect(world.inDoubt()).toContain('orders')
    await expect(world.done(world.castle.restore.giveUp('c', 2, 'no'))).rejects.toMatchObject({
      code: 'BROKER_NOT_AWAITED',
    })
    expect(await world.done(world.castle.restore.giveUp('c', 1, 'its disk burnt'))).toBeGreaterThan(0)
    expect(world.inDoubt()).toEqual([])
    expect(world.partition('orders')?.leader).toBe(2)
    expect(world.topic('orders')?.ackLevel).toBe(1)
    // Whatever it remembers when it is back after all, it is too late.
    const after = world.topic('orders')
    start()
    await world.clock.pass(1_000)
    expect(world.topic('orders')?.configs).toEqual(after?.configs)
    expect(world.inDoubt()).toEqual([])
  })

  test('deletes what was deleted, and what its brokers may still have is on record', async () => {
    const brokers = await world.replicating(3)
    const { topicId } = await world.done(world.castle.createTopic({ cluster: 'c', name: 'orders' }))
    const old = world.backup()
    await world.done(world.castle.deleteTopic('c', { name: 'orders' }))
    expect(brokers.every((broker) => broker.topic('orders') === undefined)).toBe(true)
    await world.restore(old)
    await world.clock.until(() => world.topic('orders') === undefined, 3_000, 'it is deleted again')
    expect(world.state.get('topic', topicId)).toMatchObject({ deleted: true })
    await world.clock.pass(1_000)
    expect(brokers.every((broker) => broker.topic('orders') === undefined)).toBe(true)
    expect(world.inDoubt()).toEqual([])
  })

  test('and killed in the midst of it goes on being in doubt', async () => {
    const brokers = await world.replicating(3)
    await world.done(world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[1, 2, 3]] }))
    const old = world.backup()
    await world.shrink(brokers, 'orders', [1])
    const start = await world.kill(brokers[0]!)
    await world.restore(old)
    await world.clock.pass(3_000)
    for (let round = 0; round < 3; round++) {
      await world.killCastle()
      await world.startCastle()
      await world.clock.pass(4_000)
      expect(world.inDoubt()).toContain('orders')
    }
    start()
    await world.clock.until(() => world.inDoubt().length === 0, 3_000, 'the doubt is over')
    expect(world.partition('orders')).toMatchObject({ leader: 1, isr: [1] })
  })

  test('a client that knows better shows that the store went back, and who has not spoken yet is waited for', async () => {
    const brokers = await world.replicating(3)
    await world.done(world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[1, 2, 3]] }))
    const client = world.client('user', { topics: ['orders'] })
    await world.clock.pass(100)
    const old = world.backup()
    await world.shrink(brokers, 'orders', [1])
    await world.clock.pass(100)
    const starts = [await world.kill(brokers[0]!), await world.kill(brokers[1]!), await world.kill(brokers[2]!)]
    await world.restore(old)
    const epoch = world.castle.castleEpoch
    await world.clock.until(() => world.castle.castleEpoch > epoch, 5_000, 'the client is heard')
    expect(client.sender.connected).toBe(true)
    expect(world.inDoubt()).toContain('orders')
    // Nobody is heard of them in time: 2 and 3 were in sync when the backup was made, and are not.
    await world.clock.pass(5_000)
    starts[1]?.()
    starts[2]?.()
    await world.clock.pass(3_000)
    expect(world.inDoubt()).toContain('orders')
    starts[0]?.()
    await world.clock.until(() => world.inDoubt().length === 0, 3_000, 'the doubt is over')
    expect(world.partition('orders')).toMatchObject({ leader: 1, isr: [1] })
  })

  test('a client that knows better than brokers who have all spoken makes Castle followed, and nothing else', async () => {
    await world.replicating(3)
    await world.done(world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[1, 2, 3]] }))
    const before = world.topic('orders')?.partitions
    const epoch = world.castle.castleEpoch
    world.client('user', { topics: ['orders'] }, { castleEpoch: epoch + 1 })
    await world.clock.until(() => world.castle.castleEpoch > epoch, 5_000, 'the client is heard')
    await world.clock.pass(1_000)
    expect(world.inDoubt()).toEqual([])
    expect(world.topic('orders')?.partitions).toEqual(before)
  })

  test('gives a process that comes first nothing to lead until the others who were up have spoken: they may lead it by now', async () => {
    const brokers = await world.replicating(3)
    await world.done(world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[2, 1, 3]] }))
    await world.clock.pass(100)
    const old = world.backup()
    const starts = [await world.kill(brokers[1]!)]
    await world.clock.until(() => world.partition('orders')?.leader === 1, 3_000, 'another leads')
    await world.shrink(brokers, 'orders', [1, 3])
    await world.clock.pass(100)
    starts.push(await world.kill(brokers[0]!), await world.kill(brokers[2]!))
    await world.restore(old)
    const again = starts[0]?.()
    await world.clock.pass(800)
    expect(again?.sender.connected).toBe(true)
    expect(world.partition('orders')).toMatchObject({ leader: 2, leaderEpoch: 0 })
    expect(again?.sender.brokerEpoch).toBe(0)
    expect(again?.topic('orders')).toBeUndefined()
    expect([again?.sender.connected, again?.sender.castleEpoch]).toEqual([true, world.castle.castleEpoch])
    starts[1]?.()
    starts[2]?.()
    await world.clock.until(() => (again?.sender.brokerEpoch ?? 0) > 0, 3_000, 'it is registered')
    await world.clock.until(() => world.inDoubt().length === 0, 3_000, 'the doubt is over')
    expect(world.partition('orders')).toMatchObject({ leader: 1, isr: [1, 3] })
  })

  test('decides nothing before it has heard who may know better: a leader that was cut off, and passed over since, has no say', async () => {
    const brokers = await world.replicating(3)
    const created = world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[1, 2, 3]] })
    const { topicId } = await world.done(created)
    await world.clock.pass(100)
    const old = world.backup()
    const { leaderEpoch, partitionEpoch } = world.partition('orders')!
    const { brokerEpoch } = brokers[0]!.sender
    // It is cut off, and another leads: the store that is put back knows nothing of it, nor does broker 1.
    const { castleEpoch } = brokers[0]!.sender
    await world.done(brokers[0]!.sender.stop())
    await world.clock.until(() => world.partition('orders')?.leader === 2, 5_000, 'broker 2 leads')
    await world.clock.pass(100)
    const others = await Promise.all(brokers.slice(1).map((broker) => world.kill(broker)))
    await world.restore(old)
    const again = world.broker(1, { replicates: true }, { incarnation: '1-1', castleEpoch })
    await world.clock.pass(500)
    expect(again.sender.brokerEpoch).toBe(brokerEpoch)
    const proposal = { topicId, partition: 0, leaderEpoch, partitionEpoch, isr: [{ brokerId: 1, brokerEpoch }] }
    const proposed = again.sender.call('alterIsr', { brokerEpoch, partitions: [proposal] }, 5_000)
    const asked = world.castle
      .changeTopic('c', 'orders', { ackLevel: 1 })
      .catch((error: { code: string }) => error.code)
    await world.clock.pass(200)
    for (const start of others) start()
    await world.clock.until(() => world.partition('orders')?.leader === 2, 5_000, 'broker 2 leads again')
    const { value } = (await proposed) as { value?: { partitions: { errorCode: number }[] } }
    expect(value?.partitions[0]?.errorCode).not.toBe(0)
    expect(await asked).toBe('TOPIC_IN_DOUBT')
  })

  test('waits for those who are not there no longer than it waits before it calls somebody dead', async () => {
    const brokers = await world.replicating(3)
    await world.done(world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[2, 1, 3]] }))
    const starts = await Promise.all(brokers.map((broker) => world.kill(broker)))
    await world.restore(world.disk)
    const again = starts[1]?.()
    await world.clock.until(() => again?.topic('orders')?.partitions[0]?.leader === 2, 2_500, 'it leads')
    // Its older process went down with the others.
    expect(world.partition('orders')).toMatchObject({ leaderEpoch: 2, isr: [2] })
  })
})

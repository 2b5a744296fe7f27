// A store that was emptied (R14): brokers know what it held.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MemoryDisk } from '../store/memory.ts'
import { Restoring } from '../testing/restoring.ts'

let world: Restoring

beforeEach(async () => {
  world = await Restoring.start()
})

afterEach(() => world.castle.stop())

describe('a store that was emptied', () => {
  test('gets its topics back from live brokers, and makes no second log of groups', async () => {
    await world.replicating(3)
    await world.done(world.castle.createTopic({ cluster: 'c', name: 'orders', partitions: 3, ackLevel: 1 }))
    const ids = [world.topic('orders')?.topicId, world.topic('__consumer_offsets')?.topicId]
    await world.restore(new MemoryDisk())
    await world.clock.until(
      () => world.topic('orders') !== undefined && world.inDoubt().length === 0,
      5_000,
      'topics are back',
    )
    await world.clock.pass(3_000)
    expect([world.topic('orders')?.topicId, world.topic('__consumer_offsets')?.topicId]).toEqual(ids)
    expect(world.topic('orders')).toMatchObject({ ackLevel: 1, internal: false })
    expect(world.topic('orders')?.partitions.every(({ isr }) => isr.length === 3)).toBe(true)
    expect([...world.castle.restore.refused()]).toEqual([])
  })

  test('the doubt ends when the last one has said all that it knows, though nobody has anything to report after that', async () => {
    await world.replicating(1)
    await world.done(world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[1]] }))
    await world.clock.pass(300)
    await world.restore(new MemoryDisk())
    await world.clock.until(() => world.topic('orders') !== undefined, 5_000, 'it is back')
    await world.clock.until(() => world.inDoubt().length === 0, 2_000, 'nothing is in doubt')
    expect(world.topic('orders')?.partitions).toMatchObject([{ leader: 1, isr: [1] }])
  })

  test('gets nothing from brokers of the first release: the log of groups is made anew', async () => {
    // They do not know that they are asked.
    const old = [1, 2].map((id) => world.broker(id, {}, { onAnswer: () => {} }))
    await world.clock.until(() => old.every((broker) => broker.topic('__consumer_offsets')), 3_000, 'brokers are there')
    await world.restore(new MemoryDisk())
    await world.clock.until(() => world.topic('__consumer_offsets') !== undefined, 10_000, 'the log of groups is there')
  })

  test('hears of deletions too: they hold up nothing, and brokers that remember them are told that they still hold', async () => {
    const brokers = await world.replicating(3)
    const { topicId } = await world.done(world.castle.createTopic({ cluster: 'c', name: 'gone' }))
    await world.done(world.castle.deleteTopic('c', { name: 'gone' }))
    const starts = [await world.kill(brokers[0]!), await world.kill(brokers[1]!), await world.kill(brokers[2]!)]
    await world.restore(new MemoryDisk())
    const again = starts.map((start) => start())
    await world.clock.pass(3_000)
    expect(world.state.get('topic', topicId)).toMatchObject({ name: 'gone', deleted: true })
    expect(world.castle.restore.awaitedForStrangers('c')).toEqual([])
    for (const broker of again) {
      expect(broker.held.get(`topic/${topicId}`)?.state).toMatchObject({ deleted: true })
      expect(broker.report.subjects ?? []).toEqual([])
    }
  })

  test('a broker that has no log of a topic that others have is not in sync with it: its disk is another one, and nobody knows (R8)', async () => {
    const brokers = await world.replicating(3)
    await world.done(world.castle.createTopic({ cluster: 'c', name: 'orders', partitions: 1, replicationFactor: 3 }))
    await world.clock.pass(300)
    const { topicId = '' } = world.topic('orders') ?? {}
    const before = world.partition('orders')
    const leader = before?.leader ?? 0
    const log = { topicId, partition: 0, leaderEpoch: before?.leaderEpoch ?? 0, fault: null }
    const others = brokers.filter(({ id }) => id !== leader)
    for (const broker of others) broker.change({ logs: [log] })
    await world.clock.pass(300)
    await world.kill(brokers.find(({ id }) => id === leader)!)
    await world.restore(new MemoryDisk())
    // Its disk is empty: it remembers nothing.
    world.broker(leader, { replicates: true, logsId: 'new' }, { incarnation: `${leader}-empty` })
    await world.clock.until(
      () => world.topic('orders') !== undefined && world.inDoubt().length === 0,
      10_000,
      'no doubt',
    )
    expect(world.partition('orders')?.isr).not.toContain(leader)
    expect(world.partition('orders')?.leader).not.toBe(leader)
    expect(world.partition('orders')?.leader).toBeGreaterThan(0)
    expect(world.partition('orders')?.leaderEpoch).toBeGreaterThan(1_000)
  })

  test.each([
    ['lost power with it', { logsId: 'new', since: 'never' }, [2, 3]],
    [
      'lost power with it, and has registered since, before anybody was told of that',
      { logsId: 'new', since: 'later' },
      [2, 3],
    ],
    ['was killed, and comes back with what it had', { logsId: 'logs-1', since: 'before' }, [1, 2, 3]],
  ])(
    'counts a replica as in sync by what its broker says of its logs: it %s (R8)',
    async (_, { logsId, since }, isr) => {
      const options = (id: number) => ({ replicates: true, logsId: `logs-${id}` })
      const brokers = [1, 2, 3].map((id) => world.broker(id, options(id)))
      await world.clock.until(() => brokers.every((broker) => broker.topic('__consumer_offsets')), 3_000, 'brokers')
      await world.done(world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[1, 2, 3]] }))
      await world.clock.pass(200)
      const { topicId = '', version = 0 } = world.topic('orders') ?? {}
      const log = { topicId, partition: 0, leaderEpoch: 0, fault: null }
      const starts = await Promise.all(brokers.map((broker) => world.kill(broker)))
      await world.restore(new MemoryDisk())
      const sinceOf: Record<string, number> = { before: version - 10, later: version + 10 }
      for (const [index, start] of starts.entries()) {
        const logsSince = sinceOf[index === 0 ? since : 'before']
        const named = { ...options(index + 1), ...(index === 0 && { logsId }) }
        start().change({ ...named, ...(logsSince !== undefined && { logsSince }), logs: [log] })
      }
      await world.clock.until(
        () => world.partition('orders') !== undefined && world.inDoubt().length === 0,
        5_000,
        'nothing is in doubt',
      )
      expect(world.partition('orders')).toMatchObject({ leader: isr[0], isr })
      expect(world.topic('orders')?.losses ?? []).toEqual([])
    },
  )

  test('gets them back from what folders of restarted brokers remember', async () => {
    const brokers = await world.replicating(3)
    await world.done(world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[1, 2, 3]] }))
    const id = world.topic('__consumer_offsets')?.topicId
    const starts = [await world.kill(brokers[0]!), await world.kill(brokers[1]!), await world.kill(brokers[2]!)]
    await world.restore(new MemoryDisk())
    starts[0]?.()
    await world.clock.pass(4_000)
    expect(world.inDoubt().sort()).toEqual(['__consumer_offsets', 'orders'])
    expect(world.partition('orders')).toMatchObject({ replicas: [1, 2, 3] })
    starts[1]?.()
    starts[2]?.()
    await world.clock.until(() => world.inDoubt().length === 0, 3_000, 'the doubt is over')
    expect(world.topic('__consumer_offsets')?.topicId).toBe(id)
    expect(world.partition('orders')).toMatchObject({ leader: 1, isr: [1, 2, 3] })
  })

  test('keeps a new topic where the name was taken meanwhile, and shows the other', async () => {
    const brokers = await world.replicating(1)
    const { topicId } = await world.done(world.castle.createTopic({ cluster: 'c', name: 'orders' }))
    const start = await world.kill(brokers[0]!)
    await world.restore(new MemoryDisk())
    world.broker(2, { replicates: true })
    await world.clock.pass(2_000)
    const { topicId: another } = await world.done(world.castle.createTopic({ cluster: 'c', name: 'orders' }))
    start()
    await world.clock.pass(2_000)
    expect(world.topic('orders')?.topicId).toBe(another)
    const refused = [...world.castle.restore.refused()]
    expect(refused).toContainEqual(
      expect.objectContaining({ topicId, name: 'orders', cluster: 'c', why: 'name-taken' }),
    )
    expect(world.inDoubt()).toEqual([])
  })

  test('the next Castle knows what was not taken over: it doubts nothing because of it, whoever is away', async () => {
    const brokers = await world.replicating(1)
    await world.done(world.castle.createTopic({ cluster: 'c', name: 'orders' }))
    const start = await world.kill(brokers[0]!)
    await world.restore(new MemoryDisk())
    const other = world.broker(2, { replicates: true })
    await world.clock.pass(2_000)
    await world.done(world.castle.createTopic({ cluster: 'c', name: 'orders' }))
    const again = start()
    await world.clock.until(() => world.castle.restore.refused().length > 0, 3_000, 'it is refused')
    await world.kill(other)
    await world.kill(again)
    await world.restore(world.disk)
    start()
    await world.clock.pass(5_000)
    expect(world.state.get('broker', '1')?.up).toBe(true)
    expect(world.inDoubt()).toEqual([])
    expect(world.castle.restore.refused().map(({ name }) => name)).toContain('orders')
  })

  test.each([
    ['as it was, once others tell of it', true],
    ['anew, if nobody does within a minute', false],
  ])(
    'has the log of groups %s, though a broker that lost power does not remember whose its logs are',
    async (_, tells) => {
      const brokers = await world.replicating(3)
      const { topicId = '' } = world.topic('__consumer_offsets') ?? {}
      const starts = await Promise.all(brokers.map((broker) => world.kill(broker)))
      await world.restore(new MemoryDisk())
      const logs = [{ topicId, partition: 0, leaderEpoch: 0, fault: null }]
      world.broker(1, { replicates: true, logsId: 'new', logs }, { incarnation: '1-power' })
      await world.clock.pass(20_000)
      expect(world.topic('__consumer_offsets')).toBeUndefined()
      if (tells) for (const start of starts.slice(1)) start()
      await world.clock.until(() => world.topic('__consumer_offsets') !== undefined, 50_000, 'it is there')
      expect(world.topic('__consumer_offsets')?.topicId === topicId).toBe(tells)
    },
  )

  test('what could not be written of what a broker told is taken up again, with nothing new from it', async () => {
    const [broker] = await world.replicating(1)
    await world.done(world.castle.createTopic({ cluster: 'c', name: 'orders' }))
    await world.clock.pass(200)
    await world.restore(new MemoryDisk())
    world.commitDelayMs = 20
    await world.clock.until(() => (broker?.report.subjects ?? []).length > 0, 3_000, 'it tells')
    world.commitFails = true
    await world.clock.pass(500)
    const told = broker?.report
    world.commitFails = false
    const isBack = () => world.topic('orders') !== undefined && world.inDoubt().length === 0
    expect(isBack()).toBe(false)
    await world.clock.until(() => isBack() || broker?.report !== told, 3_000, 'it is back')
    expect(isBack()).toBe(true)
  })

  test('makes no topic while some are on their way back; who died before it could tell of them can be given up', async () => {
    const brokers = await world.replicating(1)
    const { topicId } = await world.done(world.castle.createTopic({ cluster: 'c', name: 'orders' }))
    const { version = 0 } = world.topic('orders') ?? {}
    await world.kill(brokers[0]!)
    await world.restore(new MemoryDisk())
    // It knows the topic, and dies before it has said what it is.
    const mute = world.broker(1, { replicates: true, remembers: { [topicId]: version } }, { incarnation: '1-mute' })
    world.broker(2, { replicates: true })
    await world.clock.pass(500)
    await world.kill(mute)
    await world.clock.pass(10_000)
    const create = () => world.done(world.castle.createTopic({ cluster: 'c', name: 'orders' }))
    await expect(create()).rejects.toMatchObject({
      code: 'TOPIC_IN_DOUBT',
      message: expect.stringContaining('broker 1'),
    })
    expect(world.topic('__consumer_offsets')).toBeUndefined()
    expect(await world.done(world.castle.restore.giveUp('c', 1, 'burnt'))).toBe(1)
    await expect(world.done(world.castle.restore.giveUp('c', 1, 'burnt'))).rejects.toMatchObject({
      code: 'BROKER_NOT_AWAITED',
    })
    expect((await create()).topicId).not.toBe(topicId)
    await world.clock.until(() => world.topic('__consumer_offsets') !== undefined, 3_000, 'the log of groups is made')
  })
})

test('a broker that missed a deletion brings no topic back, however long ago it was', async () => {
  const brokers = await world.replicating(3)
  const { topicId } = await world.done(
    world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[1, 2]] }),
  )
  const start = await world.kill(brokers[2]!)
  await world.done(world.castle.deleteTopic('c', { name: 'orders' }))
  expect(world.state.get('topic', topicId)?.holders).toEqual([])
  const epoch = world.castle.castleEpoch
  start()
  await world.clock.pass(2_000)
  expect(world.topic('orders')).toBeUndefined()
  expect(world.castle.castleEpoch).toBe(epoch)
  expect(world.inDoubt()).toEqual([])
})

// A store that went back in time (R14): restored from a backup, emptied, with brokers that know better, some of them away.
import { castleEpochOf, type PartitionState } from '@castellan/protocol/heartbeat'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Topic } from '../state/entities.ts'
import { MemoryDisk } from '../store/memory.ts'
import { Harness } from '../testing/harness.ts'
import type { TestBroker } from '../testing/senders.ts'

let world: Harness

beforeEach(async () => {
  world = await Harness.start()
})

afterEach(() => world.castle.stop())

/** The result of a call, with the world going on meanwhile. */
async function done<T>(task: Promise<T>): Promise<T> {
  const [result] = await Promise.all([task, world.clock.pass(50)])
  return result
}

async function replicating(count: number): Promise<TestBroker[]> {
  const brokers = Array.from({ length: count }, (_, index) => world.broker(index + 1, { replicates: true }))
  const areThere = () => brokers.every((broker) => broker.topic('__consumer_offsets') !== undefined)
  await world.clock.until(areThere, 2_000, 'brokers are there')
  return brokers
}

/** The store as it is now. */
function backup(): MemoryDisk {
  const copy = new MemoryDisk()
  copy.castleEpoch = world.disk.castleEpoch
  for (const [key, value] of world.disk.entries) copy.entries.set(key, value)
  return copy
}

/** The next Castle has this store. */
async function restore(disk: MemoryDisk): Promise<void> {
  await world.killCastle()
  world.disk = disk
  await world.startCastle()
}

/** As kill -9 does: with what its folder remembers, for another process. */
async function kill(broker: TestBroker): Promise<() => TestBroker> {
  const subjects = [...broker.held.values()].filter(({ key }) => key.startsWith('topic/'))
  const { castleEpoch } = broker.sender
  await done(broker.sender.stop())
  let starts = 0
  return () => {
    starts += 1
    const remembers = Object.fromEntries(subjects.map(({ key, version }) => [key.slice('topic/'.length), version]))
    const incarnation = `${broker.id}-again-${starts}`
    const again = world.broker(broker.id, { replicates: true, remembers }, { incarnation, castleEpoch })
    for (const subject of subjects) again.remembered.set(subject.key, subject)
    return again
  }
}

const topic = (name: string) => world.state.topicNamed('c', name)
const first = (name: string): PartitionState | undefined => topic(name)?.partitions[0]
const inDoubt = () => [...world.state.all('topic')].filter(({ doubt }) => doubt !== undefined).map(({ name }) => name)

/** The store shrinks the ISR to these, as a leader's proposal does. */
async function shrink(brokers: TestBroker[], name: string, isr: number[]): Promise<void> {
  const { topicId = '' } = topic(name) ?? {}
  const { leader = -1, leaderEpoch = 0, partitionEpoch = 0 } = first(name) ?? {}
  const epochOf = (id: number) => brokers.find((broker) => broker.id === id)?.sender.brokerEpoch ?? 0
  const members = isr.map((brokerId) => ({ brokerId, brokerEpoch: epochOf(brokerId) }))
  const proposal = { topicId, partition: 0, leaderEpoch, partitionEpoch, isr: members }
  const args = { brokerEpoch: epochOf(leader), partitions: [proposal] }
  const call = brokers.find(({ id }) => id === leader)?.sender.call('alterIsr', args, 1_000)
  expect(await done(call ?? Promise.reject(new Error('nobody leads')))).toMatchObject({ errorCode: 0 })
}

describe('a store restored from a backup', () => {
  test('gives no producer id twice, though the Castle of the lost store had the same epoch as the one of this', async () => {
    const [one, two] = await replicating(2)
    const old = backup()
    await restore(world.disk)
    const blockOf = (broker?: TestBroker) => broker?.held.get(`producer-ids/${broker.id}`)?.state as { start: number }
    await world.clock.until(() => one?.sender.castleEpoch === 2 && two?.sender.castleEpoch === 2, 3_000, 'epoch 2')
    two?.change({ producerIdsBegun: blockOf(two).start })
    await world.clock.pass(100)
    const { start: given } = blockOf(two)
    expect(castleEpochOf(given)).toBe(2)
    const again = await kill(one!)
    await kill(two!)
    await restore(old)
    const back = again()
    await world.clock.until(() => blockOf(back) !== undefined, 3_000, 'a block')
    expect(blockOf(back).start).not.toBe(given)
    expect(world.castle.castleEpoch).toBe(3)
    await world.clock.pass(3_000)
    expect(world.castle.castleEpoch).toBe(3)
  })

  test('gives a broker that knows a newer broker epoch a newer one still: by the older no leader could have it in sync', async () => {
    const brokers = await replicating(3)
    const old = backup()
    const known = JSON.parse(old.entries.get('broker/2') ?? '') as { brokerEpoch: number }
    old.entries.set('broker/2', JSON.stringify({ ...known, brokerEpoch: known.brokerEpoch - 1 }))
    const held = brokers[1]?.sender.brokerEpoch ?? 0
    await restore(old)
    const stored = () => world.castle.state.get('broker', '2')?.brokerEpoch ?? 0
    await world.clock.until(() => stored() > held, 3_000, 'it is registered anew')
    await world.clock.pass(1_000)
    expect(brokers[1]?.sender.brokerEpoch).toBe(stored())
  })

  test('counts nobody as in sync who lost power meanwhile, in topics that it forgot, too (R8)', async () => {
    const brokers = [1, 2, 3].map((id) => world.broker(id, { replicates: true, logsId: `logs-${id}` }))
    await world.clock.until(() => brokers.every((broker) => broker.topic('__consumer_offsets')), 3_000, 'brokers')
    const old = backup()
    await done(world.castle.createTopic({ cluster: 'c', name: 'bills', assignments: [[2, 1, 3]] }))
    await world.clock.pass(200)
    const again = await Promise.all(brokers.map((broker) => kill(broker)))
    await restore(old)
    const back = again.map((start) => start())
    for (const [index, broker] of back.entries())
      broker.change({ logsId: index === 1 ? 'another' : `logs-${index + 1}` })
    await world.clock.until(() => first('bills') !== undefined && inDoubt().length === 0, 5_000, 'nothing is in doubt')
    expect(first('bills')).toMatchObject({ leader: 1, isr: [1, 3] })
  })

  test('counts as in sync who lost power, came back into sync and has told a Castle of its logs, before the store went back', async () => {
    const named = (id: number, logsId = `logs-${id}`) => ({ replicates: true, logsId, logsSince: 1 })
    const brokers = [1, 2, 3].map((id) => world.broker(id, named(id)))
    await world.clock.until(() => brokers.every((broker) => broker.topic('__consumer_offsets')), 3_000, 'brokers')
    await done(world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[1, 2, 3]] }))
    await world.clock.pass(200)
    const old = backup()
    const since = topic('orders')?.version ?? 0
    await done(world.castle.changeTopic('c', 'orders', { configs: { 'retention.ms': '2' } }))
    const later = topic('orders')?.version ?? 0
    expect(later).toBeGreaterThan(since)
    await world.clock.pass(200)
    const starts = await Promise.all(brokers.map((broker) => kill(broker)))
    await restore(old)
    // Between the backup and that change 2 and 3 lost power, and came back; 1 loses it now. All go by other names than the store knows.
    const [one, ...others] = starts.map((start) => start())
    one?.change({ logsId: 'new' })
    for (const broker of others) broker.change({ ...named(broker.id, 'another'), logsSince: later - 1 })
    await world.clock.until(() => topic('orders')?.version !== since && inDoubt().length === 0, 5_000, 'no doubt')
    expect(first('orders')).toMatchObject({ leader: 2, isr: [2, 3] })
    expect(topic('orders')?.losses ?? []).toEqual([])
  })

  test('takes over what brokers know, and goes on once all have reported', async () => {
    const brokers = await replicating(3)
    const made = world.castle.createTopic({
      cluster: 'c',
      name: 'orders',
      partitions: 2,
      configs: { 'retention.ms': '1' },
    })
    await done(made)
    const old = backup()
    await done(world.castle.changeTopic('c', 'orders', { configs: { 'retention.ms': '2' }, partitions: 4 }))
    await shrink(brokers, 'orders', [1, 2])
    await done(world.castle.createTopic({ cluster: 'c', name: 'later' }))
    const before = topic('orders') as Topic
    await restore(old)
    await world.clock.until(
      () => topic('later') !== undefined && inDoubt().length === 0,
      3_000,
      'it is all there again',
    )
    expect(topic('orders')).toMatchObject({ configs: { 'retention.ms': '2' }, topicId: before.topicId })
    expect(topic('orders')?.partitions).toHaveLength(4)
    expect(first('orders')).toMatchObject({ isr: [1, 2], leader: 1 })
    // Whoever led leads by a new leader epoch (R5), and everybody is told under a version that counts.
    expect(first('orders')?.leaderEpoch).toBeGreaterThan(before.partitions[0]?.leaderEpoch ?? 0)
    await world.clock.pass(1_000)
    for (const broker of brokers) expect(broker.topic('orders')?.partitions).toEqual(topic('orders')?.partitions)
    expect(world.decisions).toEqual(expect.arrayContaining(['castle-epoch', 'topic-restored', 'doubt-over']))
  })

  test('elects nobody by what it forgot: the one left in sync may be away', async () => {
    const brokers = await replicating(3)
    await done(world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[1, 2, 3]] }))
    const old = backup()
    await shrink(brokers, 'orders', [1])
    const start = await kill(brokers[0]!)
    await world.killCastle()
    await restore(old)
    await world.clock.pass(10_000)
    // Broker 1 is down; 2 and 3 were in sync when the backup was made, and are not.
    expect(world.state.get('broker', '1')?.up).toBe(false)
    expect(inDoubt()).toContain('orders')
    expect(first('orders')?.leader).not.toBe(2)
    expect(brokers[1]?.topic('orders')?.partitions[0]).toMatchObject({ isr: [1] })
    await expect(done(world.castle.deleteTopic('c', { name: 'orders' }))).rejects.toMatchObject({
      code: 'TOPIC_IN_DOUBT',
    })
    start()
    await world.clock.until(() => inDoubt().length === 0, 3_000, 'the doubt is over')
    expect(first('orders')).toMatchObject({ leader: 1, isr: [1] })
  })

  test('goes on without a broker that a person gives up', async () => {
    const brokers = await replicating(3)
    await done(world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[1, 2, 3]] }))
    const old = backup()
    await done(world.castle.changeTopic('c', 'orders', { ackLevel: 1 }))
    const start = await kill(brokers[0]!)
    await restore(old)
    await world.clock.pass(5_000)
    expect(inDoubt()).toContain('orders')
    await expect(done(world.castle.restore.giveUp('c', 2, 'no'))).rejects.toMatchObject({ code: 'BROKER_NOT_AWAITED' })
    expect(await done(world.castle.restore.giveUp('c', 1, 'its disk burnt'))).toBeGreaterThan(0)
    expect(inDoubt()).toEqual([])
    expect(first('orders')?.leader).toBe(2)
    expect(topic('orders')?.ackLevel).toBe(1)
    // Whatever it remembers when it is back after all, it is too late.
    const after = topic('orders')
    start()
    await world.clock.pass(1_000)
    expect(topic('orders')?.configs).toEqual(after?.configs)
    expect(inDoubt()).toEqual([])
  })

  test('deletes what was deleted, and what its brokers may still have is on record', async () => {
    const brokers = await replicating(3)
    const { topicId } = await done(world.castle.createTopic({ cluster: 'c', name: 'orders' }))
    const old = backup()
    await done(world.castle.deleteTopic('c', { name: 'orders' }))
    expect(brokers.every((broker) => broker.topic('orders') === undefined)).toBe(true)
    await restore(old)
    await world.clock.until(() => topic('orders') === undefined, 3_000, 'it is deleted again')
    expect(world.state.get('topic', topicId)).toMatchObject({ deleted: true })
    await world.clock.pass(1_000)
    expect(brokers.every((broker) => broker.topic('orders') === undefined)).toBe(true)
    expect(inDoubt()).toEqual([])
  })

  test('and killed in the midst of it goes on being in doubt', async () => {
    const brokers = await replicating(3)
    await done(world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[1, 2, 3]] }))
    const old = backup()
    await shrink(brokers, 'orders', [1])
    const start = await kill(brokers[0]!)
    await restore(old)
    await world.clock.pass(3_000)
    for (let round = 0; round < 3; round++) {
      await world.killCastle()
      await world.startCastle()
      await world.clock.pass(4_000)
      expect(inDoubt()).toContain('orders')
    }
    start()
    await world.clock.until(() => inDoubt().length === 0, 3_000, 'the doubt is over')
    expect(first('orders')).toMatchObject({ leader: 1, isr: [1] })
  })

  test('a client that knows better shows that the store went back, and who has not spoken yet is waited for', async () => {
    const brokers = await replicating(3)
    await done(world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[1, 2, 3]] }))
    const client = world.client('user', { topics: ['orders'] })
    await world.clock.pass(100)
    const old = backup()
    await shrink(brokers, 'orders', [1])
    await world.clock.pass(100)
    const starts = [await kill(brokers[0]!), await kill(brokers[1]!), await kill(brokers[2]!)]
    await restore(old)
    const epoch = world.castle.castleEpoch
    await world.clock.until(() => world.castle.castleEpoch > epoch, 5_000, 'the client is heard')
    expect(client.sender.connected).toBe(true)
    expect(inDoubt()).toContain('orders')
    // Nobody is heard of them in time: 2 and 3 were in sync when the backup was made, and are not.
    await world.clock.pass(5_000)
    starts[1]?.()
    starts[2]?.()
    await world.clock.pass(3_000)
    expect(inDoubt()).toContain('orders')
    starts[0]?.()
    await world.clock.until(() => inDoubt().length === 0, 3_000, 'the doubt is over')
    expect(first('orders')).toMatchObject({ leader: 1, isr: [1] })
  })

  test('a client that knows better than brokers who have all spoken makes Castle followed, and nothing else', async () => {
    await replicating(3)
    await done(world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[1, 2, 3]] }))
    const before = topic('orders')?.partitions
    const epoch = world.castle.castleEpoch
    world.client('user', { topics: ['orders'] }, { castleEpoch: epoch + 1 })
    await world.clock.until(() => world.castle.castleEpoch > epoch, 5_000, 'the client is heard')
    await world.clock.pass(1_000)
    expect(inDoubt()).toEqual([])
    expect(topic('orders')?.partitions).toEqual(before)
  })

  test('gives a process that comes first nothing to lead until the others who were up have spoken: they may lead it by now', async () => {
    const brokers = await replicating(3)
    await done(world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[2, 1, 3]] }))
    await world.clock.pass(100)
    const old = backup()
    const starts = [await kill(brokers[1]!)]
    await world.clock.until(() => first('orders')?.leader === 1, 3_000, 'another leads')
    await shrink(brokers, 'orders', [1, 3])
    await world.clock.pass(100)
    starts.push(await kill(brokers[0]!), await kill(brokers[2]!))
    await restore(old)
    const again = starts[0]?.()
    await world.clock.pass(800)
    expect(again?.sender.connected).toBe(true)
    expect(first('orders')).toMatchObject({ leader: 2, leaderEpoch: 0 })
    expect(again?.sender.brokerEpoch).toBe(0)
    expect(again?.topic('orders')).toBeUndefined()
    expect([again?.sender.connected, again?.sender.castleEpoch]).toEqual([true, world.castle.castleEpoch])
    starts[1]?.()
    starts[2]?.()
    await world.clock.until(() => (again?.sender.brokerEpoch ?? 0) > 0, 3_000, 'it is registered')
    await world.clock.until(() => inDoubt().length === 0, 3_000, 'the doubt is over')
    expect(first('orders')).toMatchObject({ leader: 1, isr: [1, 3] })
  })

  test('waits for those who are not there no longer than it waits before it calls somebody dead', async () => {
    const brokers = await replicating(3)
    await done(world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[2, 1, 3]] }))
    const starts = await Promise.all(brokers.map((broker) => kill(broker)))
    await restore(world.disk)
    const again = starts[1]?.()
    await world.clock.until(() => again?.topic('orders')?.partitions[0]?.leader === 2, 2_500, 'it leads')
    expect(first('orders')).toMatchObject({ leaderEpoch: 1, isr: [2] })
  })
})

describe('a store that was emptied', () => {
  test('gets its topics back from live brokers, and makes no second log of groups', async () => {
    await replicating(3)
    await done(world.castle.createTopic({ cluster: 'c', name: 'orders', partitions: 3, ackLevel: 1 }))
    const ids = [topic('orders')?.topicId, topic('__consumer_offsets')?.topicId]
    await restore(new MemoryDisk())
    await world.clock.until(() => topic('orders') !== undefined && inDoubt().length === 0, 5_000, 'topics are back')
    await world.clock.pass(3_000)
    expect([topic('orders')?.topicId, topic('__consumer_offsets')?.topicId]).toEqual(ids)
    expect(topic('orders')).toMatchObject({ ackLevel: 1, internal: false })
    expect(topic('orders')?.partitions.every(({ isr }) => isr.length === 3)).toBe(true)
    expect([...world.castle.restore.refused()]).toEqual([])
  })

  test('gets nothing from brokers of the first release: the log of groups is made anew', async () => {
    // They do not know that they are asked.
    const old = [1, 2].map((id) => world.broker(id, {}, { onAnswer: () => {} }))
    await world.clock.until(() => old.every((broker) => broker.topic('__consumer_offsets')), 3_000, 'brokers are there')
    await restore(new MemoryDisk())
    await world.clock.until(() => topic('__consumer_offsets') !== undefined, 10_000, 'the log of groups is there')
  })

  test('hears of deletions too: they hold up nothing, and brokers that remember them are told that they still hold', async () => {
    const brokers = await replicating(3)
    const { topicId } = await done(world.castle.createTopic({ cluster: 'c', name: 'gone' }))
    await done(world.castle.deleteTopic('c', { name: 'gone' }))
    const starts = [await kill(brokers[0]!), await kill(brokers[1]!), await kill(brokers[2]!)]
    await restore(new MemoryDisk())
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
    const brokers = await replicating(3)
    await done(world.castle.createTopic({ cluster: 'c', name: 'orders', partitions: 1, replicationFactor: 3 }))
    await world.clock.pass(300)
    const { topicId = '' } = topic('orders') ?? {}
    const before = first('orders')
    const leader = before?.leader ?? 0
    const log = { topicId, partition: 0, leaderEpoch: before?.leaderEpoch ?? 0, fault: null }
    const others = brokers.filter(({ id }) => id !== leader)
    for (const broker of others) broker.change({ logs: [log] })
    await world.clock.pass(300)
    await kill(brokers.find(({ id }) => id === leader)!)
    await restore(new MemoryDisk())
    // Its disk is empty: it remembers nothing.
    world.broker(leader, { replicates: true, logsId: 'new' }, { incarnation: `${leader}-empty` })
    await world.clock.until(() => topic('orders') !== undefined && inDoubt().length === 0, 10_000, 'no doubt')
    expect(first('orders')?.isr).not.toContain(leader)
    expect(first('orders')?.leader).not.toBe(leader)
    expect(first('orders')?.leader).toBeGreaterThan(0)
    expect(first('orders')?.leaderEpoch).toBeGreaterThan(1_000)
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
      await done(world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[1, 2, 3]] }))
      await world.clock.pass(200)
      const { topicId = '', version = 0 } = topic('orders') ?? {}
      const log = { topicId, partition: 0, leaderEpoch: 0, fault: null }
      const starts = await Promise.all(brokers.map((broker) => kill(broker)))
      await restore(new MemoryDisk())
      const sinceOf: Record<string, number> = { before: version - 10, later: version + 10 }
      for (const [index, start] of starts.entries()) {
        const logsSince = sinceOf[index === 0 ? since : 'before']
        const named = { ...options(index + 1), ...(index === 0 && { logsId }) }
        start().change({ ...named, ...(logsSince !== undefined && { logsSince }), logs: [log] })
      }
      await world.clock.until(
        () => first('orders') !== undefined && inDoubt().length === 0,
        5_000,
        'nothing is in doubt',
      )
      expect(first('orders')).toMatchObject({ leader: isr[0], isr })
      expect(topic('orders')?.losses ?? []).toEqual([])
    },
  )

  test('gets them back from what folders of restarted brokers remember', async () => {
    const brokers = await replicating(3)
    await done(world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[1, 2, 3]] }))
    const id = topic('__consumer_offsets')?.topicId
    const starts = [await kill(brokers[0]!), await kill(brokers[1]!), await kill(brokers[2]!)]
    await restore(new MemoryDisk())
    starts[0]?.()
    await world.clock.pass(4_000)
    expect(inDoubt().sort()).toEqual(['__consumer_offsets', 'orders'])
    expect(first('orders')).toMatchObject({ replicas: [1, 2, 3] })
    starts[1]?.()
    starts[2]?.()
    await world.clock.until(() => inDoubt().length === 0, 3_000, 'the doubt is over')
    expect(topic('__consumer_offsets')?.topicId).toBe(id)
    expect(first('orders')).toMatchObject({ leader: 1, isr: [1, 2, 3] })
  })

  test('keeps a new topic where the name was taken meanwhile, and shows the other', async () => {
    const brokers = await replicating(1)
    const { topicId } = await done(world.castle.createTopic({ cluster: 'c', name: 'orders' }))
    const start = await kill(brokers[0]!)
    await restore(new MemoryDisk())
    world.broker(2, { replicates: true })
    await world.clock.pass(2_000)
    const { topicId: another } = await done(world.castle.createTopic({ cluster: 'c', name: 'orders' }))
    start()
    await world.clock.pass(2_000)
    expect(topic('orders')?.topicId).toBe(another)
    const refused = [...world.castle.restore.refused()]
    expect(refused).toContainEqual(
      expect.objectContaining({ topicId, name: 'orders', cluster: 'c', why: 'name-taken' }),
    )
    expect(inDoubt()).toEqual([])
  })

  test('the next Castle knows what was not taken over: it doubts nothing because of it, whoever is away', async () => {
    const brokers = await replicating(1)
    await done(world.castle.createTopic({ cluster: 'c', name: 'orders' }))
    const start = await kill(brokers[0]!)
    await restore(new MemoryDisk())
    const other = world.broker(2, { replicates: true })
    await world.clock.pass(2_000)
    await done(world.castle.createTopic({ cluster: 'c', name: 'orders' }))
    const again = start()
    await world.clock.until(() => world.castle.restore.refused().length > 0, 3_000, 'it is refused')
    await kill(other)
    await kill(again)
    await restore(world.disk)
    start()
    await world.clock.pass(5_000)
    expect(world.state.get('broker', '1')?.up).toBe(true)
    expect(inDoubt()).toEqual([])
    expect(world.castle.restore.refused().map(({ name }) => name)).toContain('orders')
  })

  test('makes no topic while some are on their way back; who died before it could tell of them can be given up', async () => {
    const brokers = await replicating(1)
    const { topicId } = await done(world.castle.createTopic({ cluster: 'c', name: 'orders' }))
    const { version = 0 } = topic('orders') ?? {}
    await kill(brokers[0]!)
    await restore(new MemoryDisk())
    // It knows the topic, and dies before it has said what it is.
    const mute = world.broker(1, { replicates: true, remembers: { [topicId]: version } }, { incarnation: '1-mute' })
    world.broker(2, { replicates: true })
    await world.clock.pass(500)
    await kill(mute)
    await world.clock.pass(10_000)
    const create = () => done(world.castle.createTopic({ cluster: 'c', name: 'orders' }))
    await expect(create()).rejects.toMatchObject({
      code: 'TOPIC_IN_DOUBT',
      message: expect.stringContaining('broker 1'),
    })
    expect(topic('__consumer_offsets')).toBeUndefined()
    expect(await done(world.castle.restore.giveUp('c', 1, 'burnt'))).toBe(1)
    await expect(done(world.castle.restore.giveUp('c', 1, 'burnt'))).rejects.toMatchObject({
      code: 'BROKER_NOT_AWAITED',
    })
    expect((await create()).topicId).not.toBe(topicId)
    await world.clock.until(() => topic('__consumer_offsets') !== undefined, 3_000, 'the log of groups is made')
  })
})

test('a broker that missed a deletion brings no topic back, however long ago it was', async () => {
  const brokers = await replicating(3)
  const { topicId } = await done(world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[1, 2]] }))
  const start = await kill(brokers[2]!)
  await done(world.castle.deleteTopic('c', { name: 'orders' }))
  expect(world.state.get('topic', topicId)?.holders).toEqual([])
  const epoch = world.castle.castleEpoch
  start()
  await world.clock.pass(2_000)
  expect(topic('orders')).toBeUndefined()
  expect(world.castle.castleEpoch).toBe(epoch)
  expect(inDoubt()).toEqual([])
})

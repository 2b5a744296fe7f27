// Castle and its senders together, on links and a clock that the test holds.
import { silentLogger } from '@castellan/protocol/runtime'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Castle } from './castle.ts'
import { coreConfig } from './config.ts'
import { MemoryDisk, MemoryStore } from './store/memory.ts'
import { TestBroker, TestClient } from './testing/senders.ts'
import { LinkNetwork, runtimeOf, SeededRandom, WorldClock } from './testing/world.ts'

let clock: WorldClock
let network: LinkNetwork
let disk: MemoryDisk
let castle: Castle

const runtime = () => runtimeOf(clock, network, network.random)

async function startCastle(): Promise<void> {
  castle = await Castle.start(runtime(), { store: new MemoryStore(disk), settings: coreConfig(), log: silentLogger })
  network.server = (link) => castle.accept(link)
}

/** As kill -9 does: nothing is said to anybody. */
async function killCastle(): Promise<void> {
  network.server = undefined
  network.breakAll()
  await castle.stop()
}

async function startBrokers(count: number): Promise<TestBroker[]> {
  const brokers = Array.from({ length: count }, (_, index) => new TestBroker(runtime(), index + 1))
  await clock.until(
    () => brokers.every((broker) => broker.topic('__consumer_offsets') !== undefined),
    2_000,
    'brokers are there',
  )
  return brokers
}

/** The logs that a broker has that does what it is told. */
function keepLogs(broker: TestBroker): void {
  const logs = [...broker.held.values()].flatMap(({ key, state }) => {
    const partitions = key.startsWith('topic/')
      ? (state as { partitions: { leader: number; leaderEpoch: number }[] }).partitions
      : []
    return partitions.flatMap(({ leader, leaderEpoch }, partition) =>
      leader === broker.id ? [{ topicId: key.slice(6), partition, leaderEpoch, fault: null }] : [],
    )
  })
  broker.change({ logs })
}

const decisions = () => [...castle.state.all('decision')].map(({ kind }) => kind)
const upBrokers = (sender: { cluster: { brokers: { id: number }[] } | undefined }) =>
  sender.cluster?.brokers.map(({ id }) => id)

beforeEach(async () => {
  clock = new WorldClock()
  network = new LinkNetwork(clock, new SeededRandom(7))
  disk = new MemoryDisk()
  await startCastle()
})

afterEach(async () => {
  await castle.stop()
})

describe('brokers', () => {
  test('register, hear of each other, and get the log of groups spread over them', async () => {
    const brokers = await startBrokers(3)
    await clock.pass(50)
    for (const broker of brokers) {
      expect(upBrokers(broker)).toEqual([1, 2, 3])
      expect(broker.leads('__consumer_offsets')).toHaveLength(4)
      expect(broker.sender.brokerEpoch).toBe(castle.state.get('broker', String(broker.id))?.brokerEpoch)
      expect(broker.held.has(`producer-ids/${broker.id}`)).toBe(true)
    }
    expect(brokers[0]?.topic('__consumer_offsets')).toMatchObject({
      internal: true,
      configs: { 'retention.ms': '-1', 'retention.bytes': '-1', 'cleanup.policy': 'delete' },
    })
    expect(decisions()).toEqual(['broker-up', 'broker-up', 'broker-up', 'topic-created'])
  })

  test('one broker alone gets the log of groups after a short wait', async () => {
    const broker = new TestBroker(runtime(), 1)
    await clock.pass(900)
    expect(broker.cluster).toBeDefined()
    expect(broker.topic('__consumer_offsets')).toBeUndefined()
    await clock.pass(200)
    expect(broker.leads('__consumer_offsets')).toHaveLength(12)
  })

  test('one that falls silent is called down after its lease, not before; its partitions have no leader', async () => {
    const [first, second] = await startBrokers(2)
    await castle.createTopic({ cluster: 'c', name: 'orders', partitions: 4 })
    await clock.pass(100)
    const silentSince = clock.nowMs()
    // Its link closes, but it never said that it stops.
    void first?.sender.stop()
    await clock.until(() => upBrokers(second!)?.length === 1, 3_000, 'called down')
    expect(clock.nowMs() - silentSince).toBeGreaterThan(700)
    expect(clock.nowMs() - silentSince).toBeLessThan(1_150)
    expect(second?.topic('orders')?.partitions.map(({ leader, leaderEpoch }) => [leader, leaderEpoch])).toEqual([
      [-1, 1],
      [2, 0],
      [-1, 1],
      [2, 0],
    ])
  })

  test('one that said that it stops is down as soon as its link is gone', async () => {
    const [first, second] = await startBrokers(2)
    first?.change({ stopping: true })
    await clock.pass(20)
    await Promise.all([first?.sender.stop(), clock.pass(600)])
    expect(upBrokers(second!)).toEqual([2])
    expect([...castle.state.all('broker')][0]?.why).toBe('it stopped in good order')
  })

  test('a new process of a broker leads again only at new leader epochs; the old one is told to stop (R5)', async () => {
    const [first] = await startBrokers(2)
    await castle.createTopic({ cluster: 'c', name: 'orders', partitions: 2 })
    await clock.pass(100)
    keepLogs(first!)
    await clock.pass(100)
    const before = castle.state.topicNamed('c', 'orders')?.partitions
    const oldEpoch = first?.sender.brokerEpoch ?? 0
    const again = new TestBroker(runtime(), 1, { logs: first?.report.logs ?? [], pid: 999 }, { incarnation: '1-again' })
    await clock.pass(100)
    expect(castle.state.topicNamed('c', 'orders')?.partitions).toEqual([
      { ...before?.[0], leaderEpoch: 1, partitionEpoch: 1 },
      before?.[1],
    ])
    expect(again.sender.brokerEpoch).toBeGreaterThan(oldEpoch)
    expect(first?.stopped).toBe("a newer process has the id '1'")
    expect(again.stopped).toBeUndefined()
    expect(castle.state.get('broker', '1')).toMatchObject({ up: true, pid: 999 })
  })

  test('a fault takes the leader away, and only there; when it is gone the partition leads again (R9)', async () => {
    const [first] = await startBrokers(1)
    await castle.createTopic({ cluster: 'c', name: 'orders', partitions: 2 })
    await clock.pass(100)
    keepLogs(first!)
    await clock.pass(50)
    const { topicId } = first!.topic('orders')!
    const faulty = first!.report.logs.map((log) =>
      log.topicId === topicId && log.partition === 1 ? { ...log, fault: 'bad batch' } : log,
    )
    const fine = first!.report.logs
    first?.change({ logs: faulty })
    await clock.pass(50)
    expect(first?.topic('orders')?.partitions.map(({ leader, leaderEpoch }) => [leader, leaderEpoch])).toEqual([
      [1, 0],
      [-1, 1],
    ])
    first?.change({ logs: fine })
    await clock.pass(50)
    expect(first?.topic('orders')?.partitions[1]).toMatchObject({ leader: 1, leaderEpoch: 2 })
  })

  test('an id that belongs to another cluster is refused, and the rightful owner goes on', async () => {
    const [first] = await startBrokers(1)
    const stranger = new TestBroker(runtime(), 1, { cluster: 'other' }, { incarnation: 'stranger' })
    await clock.pass(600)
    expect(stranger.stopped).toContain("broker id 1 belongs to cluster 'c', not 'other'")
    expect(first?.stopped).toBeUndefined()
    expect(first?.sender.connected).toBe(true)
  })

  test('a block of producer ids is followed by the next as soon as it is begun, and none is given twice', async () => {
    const brokers = await startBrokers(2)
    const blocks: number[] = []
    for (let round = 0; round < 5; round++) {
      for (const broker of brokers) {
        const { start } = broker.held.get(`producer-ids/${broker.id}`)!.state as { start: number }
        blocks.push(start)
        broker.change({ producerIdsBegun: start })
      }
      await clock.pass(50)
    }
    expect(new Set(blocks.map((start) => Math.floor(start / 1_000))).size).toBe(10)
  })
})

describe('topics', () => {
  test('a change reaches those who use the topic, and nobody else', async () => {
    await startBrokers(1)
    await castle.createTopic({ cluster: 'c', name: 'orders' })
    await castle.createTopic({ cluster: 'c', name: 'other' })
    const user = new TestClient(runtime(), 'user', { topics: ['orders'] })
    const stranger = new TestClient(runtime(), 'stranger', { topics: ['other'] })
    await clock.pass(100)
    const heard = stranger.told.length
    const before = clock.nowMs()
    await castle.changeTopic('c', 'orders', { ackLevel: 1, configs: { 'retention.ms': '1000' } })
    await clock.until(() => user.topic('orders')?.ackLevel === 1, 200, 'the change is known')
    expect(clock.nowMs() - before).toBeLessThan(20)
    expect(user.topic('orders')?.configs).toEqual({ 'retention.ms': '1000' })
    await clock.pass(1_000)
    expect(stranger.told.length).toBe(heard)
  })

  test('what is for people only wakes nobody up', async () => {
    await startBrokers(1)
    await castle.createTopic({ cluster: 'c', name: 'orders' })
    const user = new TestClient(runtime(), 'user', { topics: ['orders'] })
    await clock.pass(100)
    const version = user.held.get(`topic/${user.topic('orders')?.topicId}`)?.version
    await castle.changeTopic('c', 'orders', {
      owner: 'team-a',
      description: 'orders of customers',
      labels: { tier: '1' },
    })
    await clock.pass(100)
    expect(castle.state.topicNamed('c', 'orders')).toMatchObject({ owner: 'team-a', labels: { tier: '1' }, version })
  })

  test('one that does not exist yet is missing, and comes by push when it is made', async () => {
    await startBrokers(1)
    const answers: (readonly string[] | undefined)[] = []
    const client = new TestClient(
      runtime(),
      'early',
      { topics: ['orders'] },
      { onAnswer: (answer) => answers.push(answer.missingTopics) },
    )
    await clock.pass(100)
    expect(answers.at(-1)).toEqual(['orders'])
    await castle.createTopic({ cluster: 'c', name: 'orders' })
    await clock.pass(20)
    expect(client.topic('orders')).toBeDefined()
    await clock.pass(20)
    expect(answers.at(-1)).toBeUndefined()
  })

  test('a deletion is kept until each broker that held the topic has no log of it; the name is free at once (R13)', async () => {
    const [first, second] = await startBrokers(2)
    const { topicId } = await castle.createTopic({ cluster: 'c', name: 'orders', partitions: 2 })
    const client = new TestClient(runtime(), 'user', { topics: ['orders'] })
    await clock.pass(100)
    for (const broker of [first!, second!]) keepLogs(broker)
    await clock.pass(100)
    await castle.deleteTopic('c', { name: 'orders' })
    const { topicId: newId } = await castle.createTopic({ cluster: 'c', name: 'orders', partitions: 2 })
    expect(newId).not.toBe(topicId)
    await clock.pass(100)
    for (const sender of [first!, second!, client]) {
      expect(sender.held.get(`topic/${topicId}`)?.state).toMatchObject({ deleted: true, partitions: [] })
      expect(sender.topic('orders')?.topicId).toBe(newId)
    }
    expect(castle.state.get('topic', topicId)?.holders).toEqual([1, 2])
    keepLogs(first!)
    await clock.pass(100)
    expect(castle.state.get('topic', topicId)?.holders).toEqual([2])
    keepLogs(second!)
    await clock.pass(100)
    expect(castle.state.get('topic', topicId)).toBeUndefined()
  })

  test('a deletion waits for brokers that have not heard of it, also when they report no log yet (R13)', async () => {
    const [first] = await startBrokers(2)
    await castle.createTopic({ cluster: 'c', name: 'orders', partitions: 2 })
    await clock.pass(100)
    // The first broker speaks to Castle, but hears nothing.
    network.faults = { ...network.faults, lose: 1 }
    const { topicId } = castle.state.topicNamed('c', 'orders')!
    await castle.deleteTopic('c', { name: 'orders' })
    const { incarnation, brokerEpoch } = castle.state.get('broker', '1')!
    const holds = first!.versions()
    const base = { type: 'heartbeat', seq: 99, kind: 'broker', id: '1', castleEpoch: 1, reportNumber: 99 } as const
    await castle.heartbeat({ ...base, incarnation, brokerEpoch, report: { ...first!.report, holds } })
    await clock.pass(5)
    expect(castle.state.get('topic', topicId)?.holders).toEqual([1, 2])
    const { version } = castle.state.get('topic', topicId)!
    const heard = { ...holds, [`topic/${topicId}`]: version }
    await castle.heartbeat({
      ...base,
      reportNumber: 100,
      incarnation,
      brokerEpoch,
      report: { ...first!.report, holds: heard },
    })
    await clock.pass(5)
    expect(castle.state.get('topic', topicId)?.holders).toEqual([2])
  })

  test('a log of a topic that Castle never knew is stray: shown, and nobody is told to delete it', async () => {
    const topicId = '11111111-1111-4111-8111-111111111111'
    const broker = new TestBroker(runtime(), 1, { logs: [{ topicId, partition: 0, leaderEpoch: 4, fault: null }] })
    await clock.pass(1_500)
    expect(castle.brokers.reports.strays(castle.state, 1)).toEqual([{ topicId, partition: 0 }])
    expect(broker.held.has(`topic/${topicId}`)).toBe(false)
  })

  test('brokers ask for topics by call, and hear what is wrong in words', async () => {
    const [broker] = await startBrokers(1)
    const created = broker!.sender.call('createTopic', { name: 'orders', partitions: 3 }, 1_000)
    const twice = broker!.sender.call('createTopic', { name: 'orders' }, 1_000)
    const wrong = broker!.sender.call('createTopic', { name: 'three', replicationFactor: 3 }, 1_000)
    const nonsense = broker!.sender.call('createTopic', { partitions: 'many' }, 1_000)
    await clock.pass(50)
    expect(await created).toMatchObject({ errorCode: 0, value: { partitions: 3, replicationFactor: 1, configs: {} } })
    expect(await twice).toMatchObject({ errorCode: 36, message: expect.stringContaining("'orders' exists already") })
    expect(await wrong).toMatchObject({ errorCode: 38, message: expect.stringContaining('limit: 1') })
    expect(await nonsense).toMatchObject({ errorCode: 42 })
    const deleted = broker!.sender.call('deleteTopic', { name: 'orders' }, 1_000)
    await clock.pass(50)
    expect(await deleted).toMatchObject({ errorCode: 0 })
    expect(broker?.topic('orders')).toBeUndefined()
  })
})

describe('groups', () => {
  const member = (memberId: string, target = {}) => ({ memberId, rack: null, topics: ['orders'], target })
  const group = (membership: number, members: ReturnType<typeof member>[]) => [
    { group: 'billing', membership, revision: membership, groupEpoch: membership, members },
  ]
  const targetOf = (broker: TestBroker) => broker.held.get('target/billing')?.state

  test('a membership gets a target; the same again changes nothing; members hear where and that there is news', async () => {
    const [broker] = await startBrokers(1)
    const { topicId } = await castle.createTopic({ cluster: 'c', name: 'orders', partitions: 4 })
    const client = new TestClient(runtime(), 'user', {
      groups: [{ group: 'billing', memberId: 'a', memberEpoch: 0, assigned: {} }],
    })
    await clock.pass(100)
    expect(client.coordinator('billing')).toEqual({ group: 'billing', brokerId: 1, revision: 0 })
    broker?.change({ groups: group(5, [member('a'), member('b')]) })
    await clock.pass(50)
    expect(targetOf(broker!)).toMatchObject({ group: 'billing', membership: 5 })
    const { members } = targetOf(broker!) as { members: Record<string, Record<string, number[]>> }
    expect(Object.values(members).flatMap((each) => each[topicId])).toHaveLength(4)
    expect(client.coordinator('billing')?.revision).toBe(5)
    const version = broker?.held.get('target/billing')?.version
    broker?.change({ groups: group(5, [member('a', members['a']), member('b', members['b'])]) })
    await clock.pass(500)
    expect(broker?.held.get('target/billing')?.version).toBe(version)
    broker?.change({ groups: group(6, [member('b', members['b'])]) })
    await clock.pass(50)
    expect(targetOf(broker!)).toEqual({ group: 'billing', membership: 6, members: { b: { [topicId]: [0, 1, 2, 3] } } })
  })

  test('is told by its coordinator alone: what another broker still reports is not its business', async () => {
    const brokers = await startBrokers(2)
    const coordinator = castle.groups.coordinatorOf('c', 'billing')
    const other = brokers.find(({ id }) => id !== coordinator)
    other?.change({ groups: group(5, [member('a')]) })
    await clock.pass(100)
    expect(castle.groups.names('c')).toEqual([])
    brokers.find(({ id }) => id === coordinator)?.change({ groups: group(6, [member('b')]) })
    other?.change({ groups: group(7, [member('a')]) })
    await clock.pass(100)
    expect(castle.state.get('group', 'c/billing')).toMatchObject({ membership: 6, members: [{ memberId: 'b' }] })
    expect(targetOf(other!)).toBeUndefined()
  })

  test('is decided anew when a topic that it subscribes to comes or goes', async () => {
    const [broker] = await startBrokers(1)
    broker?.change({ groups: group(1, [member('a')]) })
    await clock.pass(50)
    expect(targetOf(broker!)).toMatchObject({ membership: 1, members: { a: {} } })
    const { topicId } = await castle.createTopic({ cluster: 'c', name: 'orders', partitions: 2 })
    await clock.pass(50)
    expect(targetOf(broker!)).toMatchObject({ membership: 1, members: { a: { [topicId]: [0, 1] } } })
    await castle.deleteTopic('c', { name: 'orders' })
    await clock.pass(50)
    expect(targetOf(broker!)).toMatchObject({ membership: 1, members: { a: {} } })
  })
})

describe('directives', () => {
  test('are followed once, acknowledged with their outcome, and unknown kinds are refused', async () => {
    await startBrokers(1)
    const client = new TestClient(runtime(), 'user')
    await clock.pass(50)
    castle.directClient('user', 'report')
    castle.directClient('user', 'reconnect')
    castle.directClient('user', 'dance' as 'report')
    await clock.pass(500)
    const session = castle.sessions.get('client', 'user')
    const outcomes = Object.fromEntries((session?.directives.list() ?? []).map((each) => [each.kind, each]))
    expect(outcomes).toMatchObject({
      report: { state: 'done', reason: null },
      reconnect: { state: 'done', reason: null },
      dance: { state: 'refused', reason: expect.stringContaining("'dance' is not known here") },
    })
    expect(client.sender.connected).toBe(true)
  })
})

describe('a Castle that starts again', () => {
  test('changes nothing while everybody lives (R10)', async () => {
    const brokers = await startBrokers(3)
    await castle.createTopic({ cluster: 'c', name: 'orders', partitions: 6 })
    const client = new TestClient(runtime(), 'user', { topics: ['orders'] })
    await clock.pass(100)
    const group = {
      group: 'g',
      membership: 3,
      revision: 3,
      groupEpoch: 3,
      members: [{ memberId: 'a', rack: null, topics: ['orders'], target: {} }],
    }
    const coordinator = brokers.find(({ id }) => id === castle.groups.coordinatorOf('c', 'g'))
    coordinator?.change({ groups: [group] })
    for (const broker of brokers) keepLogs(broker)
    await clock.pass(300)
    const senders = [...brokers, client]
    const before = senders.map((sender) => sender.versions())
    const entries = new Map(disk.entries)
    const epoch = castle.castleEpoch
    await killCastle()
    await clock.pass(3_000)
    await startCastle()
    await clock.pass(10_000)
    expect(castle.castleEpoch).toBe(epoch + 1)
    expect(senders.every(({ sender }) => sender.connected && sender.castleEpoch === epoch + 1)).toBe(true)
    expect(senders.map((sender) => sender.versions())).toEqual(before)
    expect(disk.entries).toEqual(entries)
  })

  test('still knows which process of a broker is the older one', async () => {
    const [first] = await startBrokers(1)
    const old = first!.report
    await Promise.all([first?.sender.stop(), clock.pass(100)])
    new TestBroker(runtime(), 1, {}, { incarnation: '1-again' })
    await clock.pass(100)
    await killCastle()
    await startCastle()
    const back = new TestBroker(runtime(), 1, old, { incarnation: '1-1' })
    await clock.pass(1_000)
    expect(back.stopped).toBe("a newer process has the id '1'")
    expect(castle.state.get('broker', '1')).toMatchObject({ up: true, incarnation: '1-again' })
  })

  test('leaves nothing to be done when it was stopped', async () => {
    const broker = new TestBroker(runtime(), 1)
    await clock.pass(100)
    await Promise.all([broker.sender.stop(), clock.pass(100)])
    await castle.stop()
    await clock.pass(1)
    expect(clock.pending).toBe(0)
  })

  test('waits a full lease and more before it calls a broker dead that died meanwhile', async () => {
    const [first, second] = await startBrokers(2)
    await clock.pass(200)
    await killCastle()
    await first?.sender.stop()
    await clock.pass(5_000)
    const startedMs = clock.nowMs()
    await startCastle()
    await clock.until(() => upBrokers(second!)?.length === 1, 5_000, 'called down')
    expect(clock.nowMs() - startedMs).toBeGreaterThanOrEqual(2_000)
    expect(clock.nowMs() - startedMs).toBeLessThan(2_200)
  })

  test('over a store that went back in time takes a higher epoch, and is followed again (R14)', async () => {
    const [broker] = await startBrokers(1)
    await castle.createTopic({ cluster: 'c', name: 'orders' })
    const client = new TestClient(runtime(), 'user', { topics: ['orders'] })
    await clock.pass(100)
    const old = new Map(disk.entries)
    const oldEpoch = disk.castleEpoch
    for (let restart = 0; restart < 3; restart++) {
      await killCastle()
      await startCastle()
    }
    await castle.changeTopic('c', 'orders', { ackLevel: 0 })
    await clock.pass(2_000)
    expect(client.topic('orders')?.ackLevel).toBe(0)
    const known = castle.castleEpoch
    await killCastle()
    disk = new MemoryDisk()
    disk.castleEpoch = oldEpoch
    for (const [key, value] of old) disk.entries.set(key, value)
    await startCastle()
    await clock.pass(3_000)
    expect(castle.castleEpoch).toBeGreaterThan(known)
    expect(decisions()).toContain('castle-epoch')
    expect(client.topic('orders')?.ackLevel).toBe(-1)
    expect(broker?.sender.connected).toBe(true)
    await castle.changeTopic('c', 'orders', { ackLevel: 1 })
    await clock.pass(50)
    expect(client.topic('orders')?.ackLevel).toBe(1)
  })

  test('over entries that went back in time, although the epoch did not, is followed again too (R14)', async () => {
    await startBrokers(1)
    await castle.createTopic({ cluster: 'c', name: 'orders' })
    const client = new TestClient(runtime(), 'user', { topics: ['orders'] })
    await clock.pass(100)
    const old = new Map(disk.entries)
    await castle.changeTopic('c', 'orders', { ackLevel: 0 })
    await clock.pass(100)
    expect(client.topic('orders')?.ackLevel).toBe(0)
    await killCastle()
    disk.entries.clear()
    for (const [key, value] of old) disk.entries.set(key, value)
    await startCastle()
    await clock.pass(3_000)
    expect(client.topic('orders')?.ackLevel).toBe(-1)
  })

  test('a leader epoch that a replica knows and the store does not is exceeded (R14)', async () => {
    const [broker] = await startBrokers(1)
    const { topicId } = await castle.createTopic({ cluster: 'c', name: 'orders' })
    await clock.pass(50)
    broker?.change({ logs: [{ topicId, partition: 0, leaderEpoch: 17, fault: null }] })
    await clock.pass(50)
    expect(broker?.topic('orders')?.partitions[0]).toMatchObject({ leader: 1, leaderEpoch: 18 })
  })
})

describe('clients', () => {
  test('come before there is a cluster, and get it when it is there', async () => {
    const client = new TestClient(runtime(), 'early')
    await clock.pass(500)
    expect(client.sender.connected).toBe(true)
    await startBrokers(1)
    await clock.pass(50)
    expect(upBrokers(client)).toEqual([1])
  })

  test('keep their cluster when Castle starts again, also when another comes before it by name', async () => {
    await startBrokers(1)
    const client = new TestClient(runtime(), 'user')
    await clock.pass(100)
    new TestBroker(runtime(), 2, { cluster: 'a' })
    await clock.pass(100)
    await killCastle()
    await startCastle()
    await clock.pass(2_000)
    expect(castle.sessions.get('client', 'user')?.cluster).toBe('c')
    expect([...client.held.keys()]).toEqual(['cluster/c'])
  })

  test('are forgotten when they stop in good order, or after their lease', async () => {
    const polite = new TestClient(runtime(), 'polite')
    const rude = new TestClient(runtime(), 'rude')
    await clock.pass(100)
    polite.change({ stopping: true } as object)
    await Promise.all([polite.sender.stop(), clock.pass(100)])
    await Promise.all([rude.sender.stop(), clock.pass(100)])
    expect([...castle.sessions.all('client')].map(({ id }) => id)).toEqual(['rude'])
    await clock.pass(12_000)
    expect(castle.sessions.count('client')).toBe(0)
    expect(castle.links.count).toBe(0)
  })

  test('a steady heartbeat is short, both ways', async () => {
    await startBrokers(1)
    await castle.createTopic({ cluster: 'c', name: 'orders' })
    new TestClient(
      runtime(),
      '8f14e45f-ceea-4e7f-a6b1-0c6a5d9b3e21',
      { topics: ['orders'] },
      { incarnation: '0c6a5d9b-ceea-4e7f-a6b1-8f14e45f3e21' },
    )
    await clock.pass(10_000)
    for (const direction of ['server', 'sender'] as const) {
      const last = network.sent
        .filter(
          ({ to, text }) => to === direction && text.includes(direction === 'server' ? '8f14e45f' : '"leaseMs":10000'),
        )
        .at(-1)
      expect(last?.text.length).toBeGreaterThan(50)
      expect(last?.text.length).toBeLessThan(300)
    }
  })
})

// Elections in a running Castle: brokers that stop, preferred leaders that come back, elections that people ask for.
import { isDeepStrictEqual } from 'node:util'
import { errors } from '@castellan/protocol'
import type { PartitionState } from '@castellan/protocol/heartbeat'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Harness } from '../testing/harness.ts'
import type { TestBroker } from '../testing/senders.ts'
import type { ElectionPlan } from './asked.ts'

let world: Harness
let brokers: TestBroker[]
let topicId: string

beforeEach(async () => {
  world = await Harness.start()
  brokers = [1, 2, 3].map((id) => world.broker(id, { replicates: true, logsId: `logs-${id}` }))
  await world.clock.until(
    () => brokers.every((broker) => broker.topic('__consumer_offsets')),
    3_000,
    'brokers are there',
  )
  const made = await world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[1, 2, 3]] })
  topicId = made.topicId
  await world.clock.pass(50)
})

afterEach(() => world.castle.stop())

const partition = () => world.state.get('topic', topicId)?.partitions[0] as PartitionState
const brokerEpoch = (id: number) => world.state.get('broker', String(id))?.brokerEpoch ?? 0

function propose(leader: number, isr: number[]) {
  const { leaderEpoch, partitionEpoch } = partition()
  const members = isr.map((brokerId) => ({ brokerId, brokerEpoch: brokerEpoch(brokerId) }))
  const one = { topicId, partition: 0, leaderEpoch, partitionEpoch, isr: members }
  return world.castle.elections.alterIsr(leader, { brokerEpoch: brokerEpoch(leader), partitions: [one] })
}

/** A new process of the broker, with logs as they were unless said otherwise. */
async function restart(
  id: number,
  logsId = `logs-${id}`,
  logs: TestBroker['report']['logs'] = [],
): Promise<TestBroker> {
  void brokers[id - 1]?.sender.stop()
  const again = world.broker(id, { replicates: true, logsId, logs }, { incarnation: `${id}-${world.clock.nowMs()}` })
  brokers[id - 1] = again
  await world.clock.pass(100)
  return again
}

test('a broker with a full disk is relieved like one that stops, and is taken back when it has room (R9)', async () => {
  brokers[0]?.change({ full: true })
  await world.clock.pass(30)
  expect(partition()).toMatchObject({ leader: 2, leaderEpoch: 1, isr: [2, 3] })
  expect(world.state.get('broker', '1')).toMatchObject({ up: true, full: true, why: 'its disk is full' })
  const said = () => brokers[1]?.cluster?.brokers.map(({ stopping }) => stopping)
  expect(said()).toEqual([true, undefined, undefined])
  expect(await propose(2, [2, 3, 1])).toMatchObject({ partitions: [{ errorCode: errors.INELIGIBLE_REPLICA.code }] })
  brokers[0]?.change({ full: false })
  await world.clock.pass(30)
  expect(said()).toEqual([undefined, undefined, undefined])
  expect(await propose(2, [2, 3, 1])).toMatchObject({ partitions: [{ errorCode: 0 }] })
  expect(partition().isr).toEqual([1, 2, 3])
})

test('a disk that has room again, and a log that could be made at last, may be told in one report (R9)', async () => {
  const { topicId: only } = await world.castle.createTopic({ cluster: 'c', name: 'only', assignments: [[1]] })
  await world.clock.pass(50)
  const told = (fault: string | null) => [{ topicId: only, partition: 0, leaderEpoch: 0, fault }]
  const leader = () => world.state.get('topic', only)?.partitions[0]?.leader
  brokers[0]?.change({ full: true, logs: told('no space left on the disk') })
  await world.clock.pass(30)
  expect(leader()).toBe(-1)
  brokers[0]?.change({ full: false, logs: told(null) })
  await world.clock.pass(30)
  expect(leader()).toBe(1)
})

test('two that came back with other disks while Castle was away lead nothing in place of the third, which has everything (R8)', async () => {
  await world.killCastle()
  for (const broker of brokers) await broker.sender.stop()
  await world.startCastle()
  await Promise.all([restart(2, 'other-2'), restart(3, 'other-3')])
  await world.clock.until(() => partition().leader === -1, 4_000, 'called down')
  await world.clock.until(() => brokers[2]?.topic('orders') !== undefined, 4_000, 'the others are registered')
  expect(partition()).toMatchObject({ leader: -1, leaderEpoch: 1, isr: [1] })
  await restart(1)
  await world.clock.until(() => partition().leader === 1, 3_000, 'it leads')
  expect(world.state.get('topic', topicId)?.losses ?? []).toEqual([])
})

test('who waited when Castle started, and was restarted since, stays up when another falls silent', async () => {
  await world.killCastle()
  for (const broker of brokers) await broker.sender.stop()
  await world.startCastle()
  for (const id of [2, 1, 3]) await restart(id)
  await world.clock.until(() => partition().leader === 1, 4_000, 'all are registered')
  await restart(2)
  const before = world.state.get('broker', '2')
  void brokers[2]?.sender.stop()
  await world.clock.until(() => world.state.get('broker', '3')?.up === false, 4_000, 'called down')
  expect(before).toMatchObject({ up: true })
  expect(world.state.get('broker', '2')).toEqual(before)
})

test('one that came back with another disk leads nothing in place of a leader that dies while Castle waits for others (R8)', async () => {
  for (const { report, id } of brokers) world.doors.incarnations.set(report.port, `${id}-1`)
  const made = await world.castle.createTopic({ cluster: 'c', name: 'pair', assignments: [[1, 2]], ackLevel: 1 })
  await world.clock.pass(700)
  await world.done(brokers[2]!.sender.stop())
  await world.clock.until(() => world.state.get('broker', '3')?.up === false, 4_000, '3 is down')
  await world.killCastle()
  void brokers[1]!.sender.stop()
  await world.startCastle()
  await restart(2, 'other-2')
  await world.clock.pass(500)
  world.doors.incarnations.delete(brokers[0]!.report.port)
  void brokers[0]!.sender.stop()
  await world.clock.pass(4_000)
  const pair = () => world.state.get('topic', made.topicId)
  expect(pair()?.partitions[0]).toMatchObject({ leader: -1, isr: [1] })
  await restart(1)
  await world.clock.until(() => pair()?.partitions[0]?.leader === 1, 3_000, 'it leads again')
  expect(pair()?.losses ?? []).toEqual([])
})

describe('a broker that stops', () => {
  test('is relieved of what others can lead, and brokers hear that it stops', async () => {
    brokers[0]?.change({ stopping: true })
    await world.clock.pass(30)
    expect(partition()).toMatchObject({ leader: 2, leaderEpoch: 1, isr: [2, 3] })
    expect(brokers[1]?.cluster?.brokers.map(({ id, stopping }) => [id, stopping])).toEqual([
      [1, true],
      [2, undefined],
      [3, undefined],
    ])
    expect(world.decisions).toContain('broker-stopping')
  })

  test('is relieved by one that is only eligible', async () => {
    await propose(1, [1])
    brokers[0]?.change({ stopping: true })
    await world.clock.pass(30)
    // One that left an ISR that was too small is eligible.
    expect(partition().leader).toBe(2)
  })

  test('leads on while nobody else can, and no longer', async () => {
    await world.castle.changeTopic('c', 'orders', { configs: { 'min.insync.replicas': '1' } })
    await propose(1, [1])
    brokers[0]?.change({ stopping: true })
    await world.clock.pass(30)
    expect(partition()).toMatchObject({ leader: 1, isr: [1] })
    await propose(1, [1, 3])
    await world.clock.pass(30)
    expect(partition()).toMatchObject({ leader: 3, isr: [3] })
  })
})

describe('at Ack 1', () => {
  let quickId: string
  const quick = () => world.state.get('topic', quickId)?.partitions[0] as PartitionState
  const handOver = (leader: number, { leaderEpoch, partitionEpoch } = quick()) => {
    const one = { topicId: quickId, partition: 0, leaderEpoch, partitionEpoch }
    return world.castle.elections.handOver(leader, { brokerEpoch: brokerEpoch(leader), partitions: [one] })
  }

  beforeEach(async () => {
    const made = await world.castle.createTopic({ cluster: 'c', name: 'quick', assignments: [[1, 2, 3]], ackLevel: 1 })
    quickId = made.topicId
    await world.clock.pass(50)
  })

  test('a leader that stops leads until it has handed over', async () => {
    brokers[0]?.change({ stopping: true })
    await world.clock.pass(30)
    expect([partition().leader, quick()]).toMatchObject([2, { leader: 1, leaderEpoch: 0, isr: [1, 2, 3], next: 2 }])
    expect((await handOver(1)).partitions[0]?.errorCode).toBe(0)
    expect(quick()).toMatchObject({ leader: 2, leaderEpoch: 1, isr: [2, 3] })
    expect(world.decisions).toContain('handed-over')
  })

  test('what it does not hand over in time is dropped, and tried again', async () => {
    brokers[0]?.change({ stopping: true })
    await world.clock.until(() => world.decisions.includes('hand-over-dropped'), 3_000, 'it is dropped')
    const late = quick()
    expect(late).toMatchObject({ leader: 1, leaderEpoch: 0 })
    expect(late.next).toBeUndefined()
    await world.clock.until(() => quick().next === 2, 3_000, 'it is tried again')
    const { partitionEpoch } = late
    // What was asked before comes late: it is about another time.
    const stale = await handOver(1, { ...late, partitionEpoch: partitionEpoch - 1 })
    expect([stale.partitions[0]?.errorCode, quick().leader]).toEqual([errors.INVALID_UPDATE_VERSION.code, 1])
  })

  test('it dies on the way: another leads at once', async () => {
    brokers[0]?.change({ stopping: true })
    await world.clock.pass(30)
    void brokers[0]?.sender.stop()
    await world.clock.until(() => quick().leader === 2, 5_000, 'another leads')
    expect(quick().next).toBeUndefined()
  })

  test('who asks for preferred leaders hears when they lead, or that they do not', async () => {
    brokers[0]?.change({ stopping: true })
    await world.clock.pass(30)
    await handOver(1)
    await restart(1)
    const { leaderEpoch, partitionEpoch } = quick()
    const isr = [1, 2, 3].map((brokerId) => ({ brokerId, brokerEpoch: brokerEpoch(brokerId) }))
    const one = { topicId: quickId, partition: 0, leaderEpoch, partitionEpoch, isr }
    await world.castle.elections.alterIsr(2, { brokerEpoch: brokerEpoch(2), partitions: [one] })
    const ask = () => {
      const partitions = [{ topic: 'quick', partition: 0 }]
      return world.castle.elections.elect('c', { type: 'preferred', partitions })
    }
    const failed = ask()
    await world.clock.pass(5_000)
    expect((await failed).partitions[0]?.errorCode).toBe(errors.PREFERRED_LEADER_NOT_AVAILABLE.code)
    const done = ask()
    await world.clock.until(() => quick().next === 1, 1_000, 'it is next')
    await handOver(2)
    expect([(await done).partitions[0]?.errorCode, quick().leader]).toEqual([0, 1])
  })
})

describe('the preferred leader', () => {
  test('leads again some time after it is in sync, later after each fall', async () => {
    const delays: number[] = []
    for (let fall = 1; fall <= 2; fall++) {
      void brokers[0]?.sender.stop()
      await world.clock.until(() => partition().leader === 2, 3_000, 'another leads')
      await restart(1)
      expect((await propose(2, [1, 2, 3])).partitions[0]?.errorCode).toBe(0)
      const sinceMs = world.clock.nowMs()
      await world.clock.until(() => partition().leader === 1, 60_000, 'it leads again')
      delays.push(world.clock.nowMs() - sinceMs)
    }
    for (const [index, delayMs] of delays.entries()) {
      expect(delayMs).toBeGreaterThanOrEqual(5_000 * 2 ** index)
      expect(delayMs).toBeLessThan(5_000 * 2 ** index + 2_100)
    }
    expect(world.decisions).toContain('leaders-back')
  })
})

describe('an election that people ask for', () => {
  const ask = (type: 'preferred' | 'unclean', topic = 'orders', index = 0) =>
    world.castle.elections.elect('c', { type, partitions: [{ topic, partition: index }] })
  const codeOf = async (asked: ReturnType<typeof ask>) => (await asked).partitions[0]?.errorCode

  test('of what is led as it should be is not needed; of what is not there is refused', async () => {
    expect(await codeOf(ask('preferred'))).toBe(errors.ELECTION_NOT_NEEDED.code)
    expect(await codeOf(ask('unclean'))).toBe(errors.ELECTION_NOT_NEEDED.code)
    expect(await codeOf(ask('preferred', 'nothing'))).toBe(errors.UNKNOWN_TOPIC_OR_PARTITION.code)
    expect(await codeOf(ask('preferred', 'orders', 7))).toBe(errors.UNKNOWN_TOPIC_OR_PARTITION.code)
  })

  test('gives the preferred leader back at once, when it is in sync', async () => {
    brokers[0]?.change({ stopping: true })
    await world.clock.pass(30)
    await restart(1)
    expect(await codeOf(ask('preferred'))).toBe(errors.PREFERRED_LEADER_NOT_AVAILABLE.code)
    await propose(2, [1, 2, 3])
    expect(await codeOf(ask('preferred'))).toBe(0)
    expect(partition()).toMatchObject({ leader: 1, isr: [1, 2, 3] })
  })

  test('elects one that may lack messages, and counts the loss (R7)', async () => {
    await world.castle.changeTopic('c', 'orders', { configs: { 'min.insync.replicas': '1' } })
    await propose(1, [1])
    void brokers[0]?.sender.stop()
    await world.clock.until(() => partition().leader === -1, 3_000, 'nobody leads')
    expect(await codeOf(ask('unclean'))).toBe(errors.ELIGIBLE_LEADERS_NOT_AVAILABLE.code)
    const { leaderEpoch } = partition()
    const log = { topicId, partition: 0, leaderEpoch, fault: null, lastEpoch: 0 }
    brokers[1]?.change({ logs: [{ ...log, endOffset: 5 }] })
    brokers[2]?.change({ logs: [{ ...log, endOffset: 7 }] })
    await world.clock.pass(30)
    expect(partition().leader).toBe(-1)
    expect(await codeOf(ask('unclean'))).toBe(0)
    expect(partition()).toMatchObject({ leader: 3, isr: [3] })
    expect(world.state.get('topic', topicId)?.losses).toMatchObject([
      { number: 1, from: [1], to: 3, messagesMax: null },
    ])
  })
})

describe('all logs of a partition are damaged (R9)', () => {
  type Sound = NonNullable<TestBroker['report']['logs'][number]['sound']>
  const sound = (endOffset: number): Sound => ({ startOffset: 0, endOffset, lastEpoch: 0, hadOffset: 90 })
  const tell = (id: number, more: { sound?: Sound; fault?: string | null; endOffset?: number; lastEpoch?: number }) => {
    const { leaderEpoch } = partition()
    brokers[id - 1]?.change({ logs: [{ topicId, partition: 0, leaderEpoch, fault: 'a bit flipped', ...more }] })
  }
  const unclean = { type: 'unclean', partitions: [0] } as const
  const topic = () => world.state.get('topic', topicId)!
  const shown = () => world.castle.elections.plan(topic(), unclean)
  const planned = () => shown().partitions
  const ask = async (seen?: ElectionPlan) => {
    const isShown = (plan: ElectionPlan) => isDeepStrictEqual(plan, seen)
    const election = seen === undefined ? unclean : { ...unclean, isShown }
    const asked = world.castle.elections.electOf('c', 'orders', election, { ifVersion: topic().version })
    // It is awaited below.
    asked.catch(() => {})
    // It waits for a while for the log to be cut.
    await world.clock.pass(5_000)
    return (await asked).partitions[0]
  }

  beforeEach(async () => {
    for (const id of [1, 2, 3]) tell(id, {})
    await world.clock.pass(30)
    for (const id of [1, 2, 3]) tell(id, { sound: sound(id * 10) })
    await world.clock.pass(30)
    expect(partition()).toMatchObject({ leader: -1 })
  })

  test('nobody is elected for it by Castle itself, whatever the topic allows, nor by who was shown nothing', async () => {
    const { partitionEpoch } = partition()
    await world.castle.changeTopic('c', 'orders', { configs: { 'unclean.leader.election.enable': 'true' } })
    await world.clock.pass(2_000)
    const refused = { errorCode: errors.ELIGIBLE_LEADERS_NOT_AVAILABLE.code }
    expect(await ask()).toMatchObject(refused)
    const named = [{ topic: 'orders', partition: 0 }]
    const { partitions } = await world.castle.elections.elect('c', { type: 'unclean', partitions: named })
    expect(partitions).toMatchObject([refused])
    expect([partition().partitionEpoch, topic().losses ?? []]).toEqual([partitionEpoch, []])
  })

  test('one goes on with what is sound, leads once it is well, and the loss is counted once', async () => {
    const plan = { partition: 0, from: -1, to: 3, cutAt: 30, messagesMax: 60, refusal: null }
    expect(planned()).toEqual([plan])
    const seen = shown()
    expect(await ask(seen)).toMatchObject({ errorCode: 0 })
    const salvage = { brokerId: 3, lastEpoch: 0, endOffset: 30 }
    expect(partition()).toMatchObject({ leader: -1, isr: [3], salvage })
    expect(brokers[2]?.topic('orders')?.partitions[0]).toMatchObject({ salvage })
    await expect(ask(seen)).rejects.toMatchObject({ code: 'PLAN_OUTDATED' })
    const refusal = expect.stringContaining('broker 3 is cutting')
    expect(planned()).toMatchObject([{ to: -1, refusal }])
    // Castle is killed before it hears more.
    await world.killCastle()
    await world.startCastle()
    await world.clock.pass(3_000)
    expect(partition()).toMatchObject({ leader: -1, salvage })
    tell(3, { fault: null, endOffset: 30, lastEpoch: 0 })
    await world.clock.until(() => partition().leader === 3, 3_000, 'it leads')
    expect(partition()).toMatchObject({ leader: 3, isr: [3] })
    expect(partition().salvage).toBeUndefined()
    expect(topic().losses).toMatchObject([{ number: 1, from: [3], to: 3, messagesMax: 60 }])
  })

  test('where less is sound than was shown, a person is asked again', async () => {
    await ask(shown())
    tell(3, { sound: sound(15) })
    await world.clock.pass(30)
    expect(planned()).toMatchObject([{ to: 2, cutAt: 20, messagesMax: null }])
    expect(await ask(shown())).toMatchObject({ errorCode: 0 })
    expect(partition()).toMatchObject({ leader: -1, isr: [2], salvage: { brokerId: 2, endOffset: 20 } })
    expect(topic().losses).toMatchObject([{ to: 3 }, { to: 2 }])
  })

  test('one whose broker is gone is not counted on, and who was shown that one is asked again', async () => {
    const seen = shown()
    const { version } = topic()
    void brokers[2]?.sender.stop()
    await world.clock.until(() => world.state.get('broker', '3')?.up === false, 5_000, 'it is down')
    expect(planned()).toMatchObject([{ to: 2, cutAt: 20, messagesMax: null }])
    // Nothing of the topic says so.
    expect(topic().version).toBe(version)
    await expect(ask(seen)).rejects.toMatchObject({ code: 'PLAN_OUTDATED', params: { name: 'orders' } })
    expect([partition().salvage, topic().losses ?? []]).toEqual([undefined, []])
    expect(await ask(shown())).toMatchObject({ errorCode: 0 })
    expect(topic().losses).toMatchObject([{ to: 2, messagesMax: null }])
  })
})

test('what a topic allows counts at once: the longest log leads (R7)', async () => {
  await world.castle.changeTopic('c', 'orders', { configs: { 'min.insync.replicas': '1' } })
  await propose(1, [1])
  void brokers[0]?.sender.stop()
  await world.clock.until(() => partition().leader === -1, 3_000, 'nobody leads')
  const { leaderEpoch } = partition()
  for (const id of [2, 3]) {
    brokers[id - 1]?.change({
      logs: [{ topicId, partition: 0, leaderEpoch, fault: null, lastEpoch: 0, endOffset: id }],
    })
  }
  await world.clock.pass(30)
  const configs = { 'min.insync.replicas': '1', 'unclean.leader.election.enable': 'true' }
  await world.castle.changeTopic('c', 'orders', { configs })
  await world.clock.pass(30)
  expect(partition()).toMatchObject({ leader: 3, isr: [3] })
  expect(world.state.get('topic', topicId)?.losses).toHaveLength(1)
})

test('all stopped uncleanly: Castle waits for all, then the longest leads, and the loss is counted (R8)', async () => {
  for (const id of [1, 2, 3]) await restart(id, `another-${id}`)
  expect(partition()).toMatchObject({ leader: -1, isr: [] })
  const report = (id: number, endOffset: number) => {
    const { leaderEpoch } = partition()
    brokers[id - 1]?.change({ logs: [{ topicId, partition: 0, leaderEpoch, fault: null, lastEpoch: 0, endOffset }] })
  }
  report(1, 5)
  report(3, 9)
  await world.clock.pass(1_000)
  expect(partition().leader).toBe(-1)
  report(2, 8)
  await world.clock.pass(50)
  expect(partition()).toMatchObject({ leader: 3, isr: [3] })
  expect(world.state.get('topic', topicId)?.losses).toMatchObject([{ from: [], to: 3 }])
})

test('settings that let the high watermark go on end what was eligible (KIP-966)', async () => {
  await propose(1, [1])
  expect(partition().elr).toEqual([2, 3])
  await world.castle.changeTopic('c', 'orders', { configs: { 'min.insync.replicas': '1' } })
  expect(partition().elr).toBeUndefined()
})

test('a leader that has not heard that more have to be in sync shrinks its ISR by the settings that it knows: refused', async () => {
  const loose = { 'min.insync.replicas': '1' }
  const made = await world.castle.createTopic({ cluster: 'c', name: 'bills', assignments: [[1, 2, 3]], configs: loose })
  await world.clock.pass(50)
  const { partitionEpoch = -1 } = world.state.get('topic', made.topicId)?.partitions[0] ?? {}
  const members = [{ brokerId: 1, brokerEpoch: brokerEpoch(1) }]
  const alone = { topicId: made.topicId, partition: 0, leaderEpoch: 0, partitionEpoch, isr: members }
  await world.castle.changeTopic('c', 'bills', { configs: { 'min.insync.replicas': '2' } })
  const { partitions } = await world.castle.elections.alterIsr(1, { brokerEpoch: brokerEpoch(1), partitions: [alone] })
  expect(partitions).toMatchObject([{ errorCode: errors.INVALID_UPDATE_VERSION.code, state: { isr: [1, 2, 3] } }])
})

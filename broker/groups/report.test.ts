// What a coordinator reports to Castle, whatever members ask for: valid, small enough for the link, and never of topics
// that do not exist, but of each that does.
import { errors } from '@castellan/protocol'
import { assign } from '@castellan/protocol/assignment'
import { type BrokerReport, checks, type GroupReport, messageBytesMax } from '@castellan/protocol/heartbeat'
import { silentLogger } from '@castellan/protocol/runtime'
import { describe, expect, test } from 'vitest'
import { settle } from '../log/testing.ts'
import { ordersId, TestingCoordinator, topicState } from './testing.ts'

const full = errors.GROUP_MAX_SIZE_REACHED.code

/** The report as the link would send it. */
function brokerReport(groups: GroupReport[]): BrokerReport {
  const who = { cluster: 'default', host: 'h', port: 1, metricsPort: 0, rack: null, pid: 1, release: 'r' }
  return { kind: 'broker', ...who, stopping: false, holds: {}, logs: [], groups, producerIdsBegun: -1 }
}

function expectSendable({ coordinator }: TestingCoordinator): void {
  const report = brokerReport(coordinator.reports())
  expect(() => checks.brokerReport.parse(report)).not.toThrow()
  // As much again is for logs and holds.
  expect(Buffer.byteLength(JSON.stringify(report))).toBeLessThan(messageBytesMax / 2)
}

/** What Castle would decide by the report. */
async function decide(testing: TestingCoordinator, groupId: string): Promise<void> {
  const { membership, members } = testing.report(groupId)!
  const topics = [...testing.metadata.topics()]
  const target = assign({
    members: members.map(({ memberId, rack, topics: names }) => {
      return { memberId, rack, topics: topics.filter(({ name }) => names.includes(name)).map(({ topicId }) => topicId) }
    }),
    partitions: topics.map(({ topicId, partitions }) => ({ topicId, count: partitions.length })),
    current: new Map(members.map(({ memberId, target: now }) => [memberId, now])),
  })
  testing.coordinator.applyTarget({ group: groupId, membership, members: Object.fromEntries(target) })
  await settle()
}

/** Topics that other brokers have. */
function elsewhere(count: number, nameOf: (index: number) => string) {
  return Array.from({ length: count }, (_, index) => {
    const topicId = `00000000-0000-4000-8000-1${String(index).padStart(11, '0')}`
    return topicState(nameOf(index), topicId, { partitions: 1, leader: 2 })
  })
}

/** 256 KiB of names. */
const longName = (index: number) => `${'x'.repeat(195)}${String(index).padStart(5, '0')}`
const longNames = Array.from({ length: 1_310 }, (_, index) => longName(index))

describe('topics', () => {
  test('a member that subscribed before its topic was made gets partitions when it is', async () => {
    const testing = await TestingCoordinator.start()
    await testing.join('g', 'a', { subscribedTopicNames: ['later', 'orders'] })
    await settle()
    expect(testing.report('g')!.members[0]!.topics).toEqual(['orders'])
    await decide(testing, 'g')
    expect(await testing.beat('g', 'a', 1)).toMatchObject({ errorCode: 0, memberEpoch: 2 })
    const changes = testing.changes
    const later = topicState('later', '00000000-0000-4000-8000-000000000003', { partitions: 2 })
    testing.tell(later)
    await settle()
    expect(testing.changes).toBeGreaterThan(changes)
    expect(testing.report('g')!.members[0]!.topics).toEqual(['later', 'orders'])
    await decide(testing, 'g')
    expect(await testing.beat('g', 'a', 2)).toMatchObject({
      assignment: {
        topicPartitions: [
          { topicId: ordersId, partitions: [0, 1, 2, 3] },
          { topicId: later.topicId, partitions: [0, 1] },
        ],
      },
    })
    testing.tell({ ...later, deleted: true, partitions: [] })
    await settle()
    expect(testing.report('g')!.members[0]!.topics).toEqual(['orders'])
  })

  test('one that changed, or that nobody asked for, renews no report', async () => {
    const testing = await TestingCoordinator.start()
    await testing.join('g', 'a')
    await settle()
    const [changes, reports] = [testing.changes, testing.coordinator.reports()]
    testing.tell(topicState('orders', ordersId, { leaderEpoch: 2 }), ...elsewhere(1, () => 'other'))
    await settle()
    expect(testing.changes).toBe(changes)
    expect(testing.coordinator.reports()).toBe(reports)
  })

  test('a subscription to more topics than a report may name is refused with a sentence', async () => {
    const testing = await TestingCoordinator.start()
    testing.tell(...elsewhere(10_001, (index) => `t${index}`))
    await settle()
    const regex = { subscribedTopicNames: null, subscribedTopicRegex: 't.*' }
    const answer = await testing.join('g', 'a', regex)
    expect(answer).toMatchObject({ errorCode: errors.INVALID_REQUEST.code })
    expect(answer.errorMessage).toContain('write a regular expression that matches fewer')
    expect(await testing.join('g', 'a', { ...regex, subscribedTopicRegex: 't[1-9].*' })).toMatchObject({ errorCode: 0 })
    await settle()
    expectSendable(testing)
  })
})

describe('a flood of members that name 256 KiB of topics each', () => {
  test.each([
    ['do not exist', []],
    ['exist', elsewhere(longNames.length, longName)],
  ])('that %s ends where the report is full; other groups go on', async (_, topics) => {
    const lines: string[] = []
    const warn = (_fields: object, message: string) => void lines.push(message)
    const testing = await TestingCoordinator.start({}, { ...silentLogger, warn })
    testing.tell(...topics)
    await testing.join('before', 'a')
    await decide(testing, 'before')
    const answers = []
    for (let at = 0; at < 80; at++) {
      answers.push(await testing.join(`flood${at % 5}`, `m${at}`, { subscribedTopicNames: longNames }))
    }
    await settle()
    const refused = answers.filter(({ errorCode }) => errorCode === full)
    expect(refused.length).toBeGreaterThan(60)
    expect(refused.length).toBeLessThan(80)
    expect(refused[0]!.errorMessage).toContain('name fewer topics')
    expect(lines.filter((line) => line.includes('no room'))).toHaveLength(1)
    expectSendable(testing)

    expect(await testing.beat('before', 'a', 1)).toMatchObject({ errorCode: 0, memberEpoch: 2 })
    expect(await testing.commit('before', 'a', 2, { 0: 5 })).toEqual([0])
    expect(await testing.join('after', 'a')).toMatchObject({ errorCode: 0 })
    await settle()
    await decide(testing, 'after')
    expect(await testing.beat('after', 'a', 1)).toMatchObject({
      assignment: { topicPartitions: [{ topicId: ordersId, partitions: [0, 1, 2, 3] }] },
    })
  })

  test('leaves room again when its members are gone, and counts the same after a restart', async () => {
    const testing = await TestingCoordinator.start()
    const flood = async () => {
      let count = 0
      const next = () => testing.join('flood', `m${count}`, { subscribedTopicNames: longNames })
      while (count < 80 && (await next()).errorCode === 0) count++
      return count
    }
    const most = await flood()
    await testing.restart()
    expect(await testing.join('flood', 'x', { subscribedTopicNames: longNames })).toMatchObject({ errorCode: full })
    expect(await testing.beat('flood', 'm0', -1)).toMatchObject({ errorCode: 0 })
    expect(await testing.join('flood', 'x', { subscribedTopicNames: longNames })).toMatchObject({ errorCode: 0 })
    await testing.clock.advance(60_000)
    expect(testing.report('flood')!.members).toEqual([])
    expect(await flood()).toBe(most)
  })

  test('by members that begin small is refused as well; they keep what they had', async () => {
    const testing = await TestingCoordinator.start()
    const grown = []
    for (let at = 0; at < 20; at++) {
      await testing.join('g', `m${at}`)
      grown.push(await testing.beat('g', `m${at}`, 1, { subscribedTopicNames: longNames }))
    }
    expect(grown[0]).toMatchObject({ errorCode: 0 })
    expect(grown[19]).toMatchObject({ errorCode: full })
    expect(await testing.beat('g', 'm19', 1)).toMatchObject({ errorCode: 0 })
    expect(testing.report('g')!.members[19]!.topics).toEqual(['orders'])
  })
})

test('regular expressions take in new topics only as long as the report has room', async () => {
  const lines: string[] = []
  const warn = (fields: object) => void lines.push(JSON.stringify(fields))
  const testing = await TestingCoordinator.start({}, { ...silentLogger, warn })
  for (let at = 0; at < 40; at++) {
    await testing.join('g', `m${at}`, { subscribedTopicNames: null, subscribedTopicRegex: 'x.*' })
  }
  testing.tell(...elsewhere(600, longName))
  await settle()
  expectSendable(testing)
  expect(lines.join('\n')).toContain('it gets no further ones')
  expect(await testing.join('after', 'a')).toMatchObject({ errorCode: 0 })
})

test('a topic name that cannot be is refused: a control character takes six bytes in a report', async () => {
  const testing = await TestingCoordinator.start()
  const answer = await testing.join('g', 'a', { subscribedTopicNames: ['orders\u0000'] })
  expect(answer).toMatchObject({ errorCode: errors.INVALID_REQUEST.code })
})

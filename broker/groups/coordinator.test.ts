// The coordinator on real partitions: answered means durable, a restart loses nothing, Castle decides while it is there.
import { errors } from '@castellan/protocol'
import { buildBatch } from '@castellan/protocol/records'
import { describe, expect, test } from 'vitest'
import { settle } from '../log/testing.ts'
import { offsetsTopicId, ordersId, paymentsId, TestingCoordinator, topicState } from './testing.ts'

/** Members a and b of group g share the four partitions of `orders`, and are at epoch 3. */
async function twoMembers(testing: TestingCoordinator): Promise<void> {
  await testing.join('g', 'a')
  await testing.join('g', 'b')
  await testing.target('g', { a: [0, 1], b: [2, 3] })
  await testing.beat('g', 'a', 1, { topicPartitions: [] })
  await testing.beat('g', 'b', 1, { topicPartitions: [] })
}

const ownA = [{ topicId: ordersId, partitions: [0, 1] }]
const ownB = [{ topicId: ordersId, partitions: [2, 3] }]

describe('with Castle', () => {
  test('who joins is reported, Castle decides, members get it by heartbeat', async () => {
    const testing = await TestingCoordinator.start()
    expect(await testing.join('g', 'a', { rackId: 'r1' })).toMatchObject({
      errorCode: 0,
      memberEpoch: 1,
      heartbeatIntervalMs: 500,
      assignment: { topicPartitions: [] },
    })
    await settle()
    const report = testing.report('g')!
    expect(report).toMatchObject({
      groupEpoch: 2,
      members: [{ memberId: 'a', rack: 'r1', topics: ['orders'], target: {} }],
    })
    expect(testing.coordinator.reports()).toBe(testing.coordinator.reports())
    expect(testing.changes).toBeGreaterThan(0)
    await testing.target('g', { a: [0, 1, 2, 3] })
    expect(testing.report('g')!.revision).toBeGreaterThan(report.revision)
    expect(testing.report('g')!.members[0]!.target).toEqual({ [ordersId]: [0, 1, 2, 3] })
    expect(await testing.beat('g', 'a', 1)).toMatchObject({
      memberEpoch: 2,
      heartbeatIntervalMs: 3_000,
      assignment: { topicPartitions: [{ topicId: ordersId, partitions: [0, 1, 2, 3] }] },
    })
  })

  test('a steady heartbeat changes no report', async () => {
    const testing = await TestingCoordinator.start()
    await twoMembers(testing)
    await settle()
    const before = [testing.changes, testing.coordinator.reports()]
    for (let round = 0; round < 5; round++) {
      await testing.clock.advance(3_000)
      expect(await testing.beat('g', 'a', 3, { topicPartitions: ownA })).toMatchObject({
        errorCode: 0,
        assignment: null,
      })
      expect(await testing.beat('g', 'b', 3, { topicPartitions: ownB })).toMatchObject({
        errorCode: 0,
        assignment: null,
      })
    }
    expect([testing.changes, testing.coordinator.reports()]).toEqual(before)
    expect(testing.coordinator.reports()).toBe(before[1])
  })

  test('a target for another membership waits for the next report', async () => {
    const testing = await TestingCoordinator.start()
    await testing.join('g', 'a')
    await settle()
    const { membership } = testing.report('g')!
    await testing.join('g', 'b')
    await settle()
    testing.coordinator.applyTarget({ group: 'g', membership, members: { a: { [ordersId]: [0, 1, 2, 3] } } })
    expect(await testing.beat('g', 'a', 1, { topicPartitions: [] })).toMatchObject({ memberEpoch: 1 })
    expect(testing.report('g')!.membership).toBeGreaterThan(membership)
  })
})

describe('without Castle', () => {
  test('after its grace time the coordinator assigns by itself; then Castle’s word wins again', async () => {
    const testing = await TestingCoordinator.start()
    await testing.join('g', 'a')
    await testing.join('g', 'b')
    await testing.clock.advance(1_999)
    expect(await testing.beat('g', 'a', 1)).toMatchObject({ memberEpoch: 1 })
    await testing.clock.advance(1)
    expect(await testing.beat('g', 'a', 1, { topicPartitions: [] })).toMatchObject({
      memberEpoch: 3,
      assignment: { topicPartitions: [{ topicId: ordersId, partitions: [0, 2] }] },
    })
    await testing.target('g', { a: [0], b: [1, 2, 3] })
    const reported = [{ topicId: ordersId, partitions: [0, 2] }]
    expect(await testing.beat('g', 'a', 3, { topicPartitions: reported })).toMatchObject({
      memberEpoch: 4,
      assignment: { topicPartitions: [{ topicId: ordersId, partitions: [0] }] },
    })
  })

  test('nothing changes for members that were there', async () => {
    const testing = await TestingCoordinator.start()
    await twoMembers(testing)
    await testing.restart()
    for (let round = 0; round < 5; round++) {
      await testing.clock.advance(3_000)
      expect(await testing.beat('g', 'a', 3, { topicPartitions: ownA })).toMatchObject({ errorCode: 0, memberEpoch: 3 })
      expect(await testing.beat('g', 'b', 3, { topicPartitions: ownB })).toMatchObject({ errorCode: 0, memberEpoch: 3 })
    }
  })
})

describe('a new coordinator', () => {
  test('has what the old one answered, and counts each member as heard one second after its election', async () => {
    const testing = await TestingCoordinator.start()
    await twoMembers(testing)
    expect(await testing.commit('g', 'a', 3, { 0: 17, 1: 4 })).toEqual([0, 0])
    const before = testing.report('g')!
    await testing.restart()
    const after = testing.report('g')!
    expect({ ...after, membership: 0, revision: 0 }).toEqual({ ...before, membership: 0, revision: 0 })
    expect(after.membership).toBeGreaterThan(before.membership)
    expect(await testing.fetch('g')).toEqual([17, 4, -1, -1])
    await testing.clock.advance(10_999)
    expect(await testing.beat('g', 'a', 3, { topicPartitions: ownA })).toMatchObject({ errorCode: 0, memberEpoch: 3 })
    await testing.clock.advance(1)
    expect(await testing.beat('g', 'b', 3, { topicPartitions: ownB })).toMatchObject({
      errorCode: errors.UNKNOWN_MEMBER_ID.code,
    })
    await settle()
    expect(testing.report('g')!.members.map(({ memberId }) => memberId)).toEqual(['a'])
  })

  test('answers when it has read its log, and not after it was deposed', async () => {
    const testing = await TestingCoordinator.start()
    await twoMembers(testing)
    testing.elect()
    expect(await testing.beat('g', 'a', 3)).toMatchObject({ errorCode: errors.COORDINATOR_LOAD_IN_PROGRESS.code })
    expect(testing.coordinator.reports()).toEqual([])
    await settle()
    expect(await testing.beat('g', 'a', 3)).toMatchObject({ errorCode: 0 })
    testing.elect(2)
    expect(await testing.beat('g', 'a', 3)).toMatchObject({ errorCode: errors.NOT_COORDINATOR.code })
    expect(await testing.commit('g', 'a', 3, { 0: 1 })).toEqual([errors.NOT_COORDINATOR.code])
    expect(await testing.fetch('g')).toEqual([errors.NOT_COORDINATOR.code])
    expect(testing.coordinator.reports()).toEqual([])
  })

  test('is found where Castle says', async () => {
    const testing = await TestingCoordinator.start()
    const flags = {}
    const brokers = [1, 2].map((id) => ({ id, host: `host${id}`, port: 9090 + id, rack: null, brokerEpoch: 1 }))
    testing.metadata.setCluster({ id: 'c', kind: 'castellan', environment: 'test', flags, brokers })
    expect(testing.coordinator.find('g')).toEqual({ errorCode: 0, nodeId: 1, host: 'host1', port: 9091 })
    testing.elect(2)
    expect(testing.coordinator.find('g')).toMatchObject({ errorCode: 0, nodeId: 2 })
    testing.elect(3)
    expect(testing.coordinator.find('g')).toMatchObject({ errorCode: errors.COORDINATOR_NOT_AVAILABLE.code })
  })
})

describe('the group log', () => {
  test('what could not be written was not answered, and never was', async () => {
    const testing = await TestingCoordinator.start()
    await twoMembers(testing)
    expect(await testing.commit('g', 'a', 3, { 0: 17 })).toEqual([0])
    testing.disk.refuse = (call, path) => (call === 'write' && path.includes(offsetsTopicId) ? 'ENOSPC' : undefined)
    const [joined, committed, fetched] = await Promise.all([
      testing.join('g', 'c'),
      testing.commit('g', 'a', 3, { 0: 18 }),
      testing.fetch('g'),
    ])
    expect(joined.errorCode).toBe(errors.COORDINATOR_NOT_AVAILABLE.code)
    expect(committed).toEqual([errors.COORDINATOR_NOT_AVAILABLE.code])
    expect(fetched).toEqual([errors.COORDINATOR_NOT_AVAILABLE.code])
    testing.disk.refuse = () => undefined
    // Read again from what the log holds.
    await testing.clock.advance(1_000)
    expect(await testing.fetch('g')).toEqual([17, -1, -1, -1])
    expect(testing.report('g')!.members.map(({ memberId }) => memberId)).toEqual(['a', 'b'])
    expect(await testing.commit('g', 'a', 3, { 0: 18 })).toEqual([0])
    await testing.restart()
    expect(await testing.fetch('g')).toEqual([18, -1, -1, -1])
  })

  test('is cut behind a snapshot, and the same state is read from it', async () => {
    const testing = await TestingCoordinator.start({ groupLogSnapshotBytes: 10_000 })
    await twoMembers(testing)
    const log = testing.partitions.get(offsetsTopicId, 0)!
    const other = testing.partitions.get(offsetsTopicId, 1)!
    for (let offset = 1; offset <= 500; offset++) await testing.commit('g', 'a', 3, { 0: offset })
    await settle()
    const { endOffset, startOffset } = log.endOffset > other.endOffset ? log : other
    expect(endOffset).toBeGreaterThan(500)
    expect(endOffset - startOffset).toBeLessThan(150)
    const before = { ...testing.report('g'), membership: 0, revision: 0 }
    await testing.restart()
    expect({ ...testing.report('g'), membership: 0, revision: 0 }).toEqual(before)
    expect(await testing.fetch('g')).toEqual([500, -1, -1, -1])
  })

  test.each([
    ['a version that this release does not know', { key: '["group","g"]', value: '{"v":2}' }],
    ['a kind of record that it does not know', { key: '["banana","g"]', value: '{"v":1}' }],
    ['something that is no record of it', { key: 'g', value: 'x' }],
    ['a record without a key', { key: null, value: '{"v":1}' }],
  ])('is not guessed at: %s', async (_, record) => {
    const lines: string[] = []
    const note = (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`)
    const log = { debug: note, info: note, warn: note, error: note, child: () => log }
    const testing = await TestingCoordinator.start({}, log)
    for (const index of [0, 1]) {
      testing.partitions.get(offsetsTopicId, index)!.append(buildBatch({ records: [record] }), null, -1, () => {})
    }
    await settle()
    await testing.restart()
    expect(await testing.join('g', 'a')).toMatchObject({ errorCode: errors.COORDINATOR_NOT_AVAILABLE.code })
    expect(lines.join('\n')).toContain('the group log cannot be read')
  })

  test('that lost its beginning is not led', async () => {
    const testing = await TestingCoordinator.start()
    await twoMembers(testing)
    for (const index of [0, 1]) await testing.partitions.get(offsetsTopicId, index)!.deleteBefore(3)
    await testing.restart()
    expect(await testing.beat('g', 'a', 3)).toMatchObject({ errorCode: errors.COORDINATOR_NOT_AVAILABLE.code })
  })
})

describe('topics', () => {
  test('a deleted one takes its offsets along; made again under its name it has none (R13)', async () => {
    const testing = await TestingCoordinator.start()
    await twoMembers(testing)
    await testing.commit('g', 'a', 3, { 0: 17 })
    const again = '00000000-0000-4000-8000-000000000009'
    testing.tell(topicState('orders', ordersId, { deleted: true }), topicState('orders', again))
    await settle()
    expect(testing.report('g')!.members.map(({ target }) => target)).toEqual([{}, {}])
    expect(await testing.beat('g', 'a', 3, { topicPartitions: ownA })).toMatchObject({
      assignment: { topicPartitions: [] },
    })
    expect(await testing.fetch('g')).toEqual([-1, -1, -1, -1])
  })

  test('a deletion that was heard of while the log was read counts as well', async () => {
    const testing = await TestingCoordinator.start()
    await twoMembers(testing)
    testing.elect()
    testing.tell(topicState('orders', ordersId, { deleted: true }))
    await settle()
    expect(testing.report('g')!.members.map(({ target }) => target)).toEqual([{}, {}])
  })

  test('a regular expression takes in new topics and lets deleted ones go', async () => {
    const testing = await TestingCoordinator.start()
    const topics = () => testing.report('g')!.members[0]!.topics
    await testing.join('g', 'a', { subscribedTopicNames: null, subscribedTopicRegex: '(orders|pay).*' })
    await settle()
    expect(topics()).toEqual(['orders', 'payments'])
    testing.tell(
      topicState('orders-eu', '00000000-0000-4000-8000-000000000003'),
      topicState('other', '00000000-0000-4000-8000-000000000004'),
    )
    await settle()
    expect(topics()).toEqual(['orders', 'orders-eu', 'payments'])
    testing.tell(topicState('payments', paymentsId, { deleted: true }))
    await settle()
    expect(topics()).toEqual(['orders', 'orders-eu'])
  })
})

describe('bounds', () => {
  test('no more groups than a broker may have', async () => {
    const testing = await TestingCoordinator.start({ groupsMax: 2 })
    expect(await testing.join('g1', 'a')).toMatchObject({ errorCode: 0 })
    expect(await testing.commit('g2', '', -1, { 0: 1 })).toEqual([0])
    expect(await testing.join('g3', 'a')).toMatchObject({ errorCode: errors.POLICY_VIOLATION.code })
    expect(await testing.commit('g3', '', -1, { 0: 1 })).toEqual([errors.POLICY_VIOLATION.code])
    expect(await testing.join('g2', 'a')).toMatchObject({ errorCode: 0 })
  })

  test('offsets of a group without members are forgotten after the retention', async () => {
    const hour = 3_600_000
    const testing = await TestingCoordinator.start({ offsetsRetentionMinutes: 120 })
    await twoMembers(testing)
    await testing.commit('g', 'a', 3, { 0: 17 })
    await testing.commit('simple', '', -1, { 1: 4 })
    await testing.clock.advance(hour)
    expect(testing.report('g')!.members).toEqual([]) // their sessions ran out
    await testing.clock.advance(hour - 60_000)
    expect(await testing.fetch('g')).toEqual([17, -1, -1, -1])
    expect(await testing.fetch('simple')).toEqual([-1, 4, -1, -1])
    await testing.clock.advance(hour)
    expect(await testing.fetch('g')).toEqual([-1, -1, -1, -1])
    expect(testing.coordinator.reports()).toEqual([])
    await testing.restart()
    expect(testing.coordinator.reports()).toEqual([])
  })

  test('a process that was held up gives its members a second to be heard', async () => {
    const testing = await TestingCoordinator.start()
    await twoMembers(testing)
    testing.clock.holdUp(30_000)
    await testing.clock.advance(2_000)
    expect(await testing.beat('g', 'a', 3, { topicPartitions: ownA })).toMatchObject({ errorCode: 0, memberEpoch: 3 })
    await testing.clock.advance(1_000)
    expect(await testing.beat('g', 'a', 3, { topicPartitions: ownA })).toMatchObject({ errorCode: 0 })
    expect(await testing.beat('g', 'b', 3, { topicPartitions: ownB })).toMatchObject({
      errorCode: errors.UNKNOWN_MEMBER_ID.code,
    })
  })
})

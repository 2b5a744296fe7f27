// What people are told of groups: states through a group's life, who has what, and when nothing may be told.
import { errors } from '@castellan/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import { settle } from '../log/testing.ts'
import { ordersId, TestingCoordinator, topicState } from './testing.ts'

let testing: TestingCoordinator
beforeEach(async () => {
  testing = await TestingCoordinator.start()
})

const self = 1
const tell = (groupId = 'g') => testing.coordinator.describeGroup(groupId)
const list = () => testing.coordinator.listGroups(self)
const orders = (...partitions: number[]) => ({
  topicPartitions: partitions.length === 0 ? [] : [{ topicId: ordersId, topicName: 'orders', partitions }],
})

test('a group from its first member to its last', async () => {
  await testing.join('g', 'a', { rackId: 'r1', instanceId: 'i-1' })
  expect(await tell()).toMatchObject({ errorCode: 0, groupState: 'Assigning', groupEpoch: 2, assignmentEpoch: 1 })

  await testing.target('g', { a: [3, 0] })
  expect(await tell()).toMatchObject({ groupState: 'Reconciling', groupEpoch: 2, assignmentEpoch: 2 })
  await testing.beat('g', 'a', 1)
  expect(await tell()).toEqual({
    groupId: 'g',
    errorCode: 0,
    groupState: 'Stable',
    groupEpoch: 2,
    assignmentEpoch: 2,
    assignorName: 'uniform',
    members: [
      {
        memberId: 'a',
        instanceId: 'i-1',
        rackId: 'r1',
        memberEpoch: 2,
        clientId: 'test',
        clientHost: '127.0.0.1',
        subscribedTopicNames: ['orders'],
        subscribedTopicRegex: null,
        assignment: orders(0, 3),
        targetAssignment: orders(0, 3),
        memberType: 1,
      },
    ],
  })

  // What it is to have, and what it has, differ until it gives up.
  await testing.join('g', 'b')
  await testing.target('g', { a: [0], b: [3] })
  const both = await tell()
  expect(both).toMatchObject({ groupState: 'Reconciling', groupEpoch: 3, assignmentEpoch: 3 })
  expect(both.members).toMatchObject([
    { memberId: 'a', assignment: orders(0, 3), targetAssignment: orders(0) },
    { memberId: 'b', assignment: orders(), targetAssignment: orders(3) },
  ])

  for (const member of ['a', 'b']) await testing.beat('g', member, -1)
  expect(await tell()).toMatchObject({ errorCode: 0, groupState: 'Empty', members: [] })
  expect(await list()).toEqual([{ groupId: 'g', state: 'Empty' }])
})

test('a group that has only offsets is an empty one; one that nobody knows is not found', async () => {
  await testing.commit('tool', '', -1, { 0: 5 })
  expect(await tell('tool')).toMatchObject({ errorCode: 0, groupState: 'Empty', members: [] })
  expect(await tell('nobody')).toMatchObject({ errorCode: errors.GROUP_ID_NOT_FOUND.code, members: [] })
  expect(await list()).toEqual([{ groupId: 'tool', state: 'Empty' }])
})

test('all groups are listed, of every partition that is led here', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  for (const name of names) await testing.join(name, 'm')
  const listed = await list()
  expect(listed).toEqual(expect.arrayContaining(names.map((groupId) => ({ groupId, state: 'Assigning' }))))
  expect(listed).toHaveLength(names.length)
})

describe('nothing is told', () => {
  test('by another than the coordinator', async () => {
    await testing.join('g', 'a')
    testing.elect(2)
    await settle()
    expect(await tell()).toMatchObject({ errorCode: errors.NOT_COORDINATOR.code, members: [] })
    expect(await list()).toEqual([])
  })

  test('before the log was read', async () => {
    await testing.join('g', 'a')
    testing.elect()
    expect(await tell()).toMatchObject({ errorCode: errors.COORDINATOR_LOAD_IN_PROGRESS.code })
    expect(await list()).toBe(errors.COORDINATOR_LOAD_IN_PROGRESS.code)
    await settle()
    expect(await tell()).toMatchObject({ errorCode: 0, members: [{ memberId: 'a' }] })
    expect(await list()).toHaveLength(1)
  })

  test('of what is led here by the word of Castle, and has not begun', async () => {
    await testing.join('g', 'a')
    testing.coordinator.close()
    expect(await list()).toBe(errors.COORDINATOR_LOAD_IN_PROGRESS.code)
  })

  test('while Castle has not named the topics that members have', async () => {
    await testing.join('g', 'a')
    await testing.target('g', { a: [1] })
    await testing.beat('g', 'a', 1)
    const { metadata } = testing
    // As in a new process, which hears of one topic after another.
    metadata.setTopic(topicState('orders', ordersId, { deleted: true }))
    expect(await tell()).toMatchObject({ errorCode: errors.COORDINATOR_LOAD_IN_PROGRESS.code, members: [] })
    metadata.setTopic(topicState('orders', ordersId))
    expect(await tell()).toMatchObject({ errorCode: 0, members: [{ assignment: orders(1) }] })
  })

  test('by one that may have been replaced (R2)', async () => {
    await testing.join('g', 'a')
    const shard = testing.coordinator.shardOf('g')
    if (typeof shard === 'number') throw new Error('no shard')
    Object.assign(shard, { mayTell: () => false })
    expect(await tell()).toMatchObject({ errorCode: errors.COORDINATOR_NOT_AVAILABLE.code, members: [] })
    expect(await tell('nobody')).toMatchObject({ errorCode: errors[nobodyFound()].code })
    expect(await list()).toBe(errors.COORDINATOR_NOT_AVAILABLE.code)
  })
})

/** `nobody` may be of the other partition of the log, whose coordinator is as it should be. */
function nobodyFound(): 'COORDINATOR_NOT_AVAILABLE' | 'GROUP_ID_NOT_FOUND' {
  const { coordinator } = testing
  return coordinator.shardOf('nobody') === coordinator.shardOf('g') ? 'COORDINATOR_NOT_AVAILABLE' : 'GROUP_ID_NOT_FOUND'
}

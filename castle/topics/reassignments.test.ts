// Reassignments from begin to end, with brokers that follow: what leaders propose, what is removed, and what Castle does by itself.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Harness } from '../testing/harness.ts'

let world: Harness

beforeEach(async () => {
  world = await Harness.start()
})

afterEach(() => world.castle.stop())

describe('a reassignment', () => {
  test('ends with the proposal that brings the last one in; who goes is on record until its log is gone', async () => {
    const brokers = await world.replicating(4)
    await world.done(world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[1, 2, 3]] }))
    const { topicId = '' } = world.topic('orders') ?? {}
    brokers[0]?.change({ logs: [{ topicId, partition: 0, leaderEpoch: 0, fault: null }] })
    const move = { partitions: [{ partition: 0, replicas: [4, 2, 3] }] }
    await world.done(world.castle.reassignments.reassign('c', 'orders', move, { reason: 'rack 1 is full' }))
    expect(world.partition('orders')).toMatchObject({
      replicas: [4, 2, 3, 1],
      adding: [4],
      removing: [1],
      isr: [1, 2, 3],
    })
    expect(brokers[3]?.topic('orders')?.partitions[0]).toMatchObject({ adding: [4] })
    expect(await world.propose(brokers, 'orders', [1, 2, 3, 4])).toMatchObject({ errorCode: 0 })
    const after = { replicas: [4, 2, 3], isr: [4, 2, 3], removed: [1], leader: 4, leaderEpoch: 1 }
    expect(world.partition('orders')).toMatchObject(after)
    await world.clock.pass(2_000)
    expect(world.partition('orders')?.removed).toEqual([1])
    brokers[0]?.change({ logs: [] })
    await world.clock.until(() => world.partition('orders')?.removed === undefined, 3_000, 'the removal is done with')
    expect(world.decisions).toEqual(expect.arrayContaining(['reassignment', 'reassignment-done']))
  })

  test('is taken back, and each partition that Kafka clients ask for has its own answer', async () => {
    const brokers = await world.replicating(3)
    await world.done(world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[1], [2], [3]] }))
    const call = (partition: number, replicas: number[] | null, name = 'orders') => ({
      topic: name,
      partition,
      replicas,
    })
    const asked = [call(0, [2]), call(1, [9]), call(7, [1]), call(2, null), call(0, [1], 'nobody')]
    const result = await world.done(brokers[0]!.sender.call('reassignPartitions', { partitions: asked }, 1_000))
    expect(result).toMatchObject({ errorCode: 0 })
    const codes = (result.value as { partitions: { errorCode: number }[] }).partitions.map(({ errorCode }) => errorCode)
    expect(codes).toEqual([0, 39, 3, 85, 3])
    expect(world.partition('orders')).toMatchObject({ adding: [2], removing: [1] })
    await world.done(world.castle.reassignments.reassign('c', 'orders', { cancel: true }))
    expect(world.partition('orders')).toMatchObject({ replicas: [1], isr: [1], removed: [2] })
    expect(world.partition('orders')).not.toHaveProperty('adding')
  })

  test('to fewer replicas, of which fewer are enough, ends what was eligible: the leader acknowledges without it from then on', async () => {
    const brokers = await world.replicating(3)
    await world.done(world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[1, 2, 3]] }))
    await world.propose(brokers, 'orders', [1])
    expect(world.partition('orders')).toMatchObject({ isr: [1], elr: [2, 3] })
    const move = { partitions: [{ partition: 0, replicas: [1, 2] }] }
    await world.done(world.castle.reassignments.reassign('c', 'orders', move))
    expect(world.partition('orders')).toMatchObject({ replicas: [1, 2], isr: [1] })
    expect(world.partition('orders')).not.toHaveProperty('elr')
  })

  test('goes on with the next Castle', async () => {
    const brokers = await world.replicating(2)
    await world.done(world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[1]] }))
    await world.done(world.castle.reassignments.reassign('c', 'orders', { replicationFactor: 2 }))
    await world.killCastle()
    await world.startCastle()
    await world.clock.pass(3_000)
    expect(world.partition('orders')).toMatchObject({ adding: [2] })
    await world.propose(brokers, 'orders', [1, 2])
    expect(world.partition('orders')).toMatchObject({ replicas: [1, 2], isr: [1, 2] })
    expect(world.partition('orders')).not.toHaveProperty('adding')
  })
})

test('the log of groups gets as many replicas as there are brokers for, however late they come', async () => {
  const [first] = await world.replicating(1)
  expect(world.partition('__consumer_offsets')?.replicas).toEqual([1])
  const brokers = [first!, ...[2, 3].map((id) => world.broker(id, { replicates: true }))]
  await world.clock.until(
    () => world.partition('__consumer_offsets')?.adding?.length === 2,
    5_000,
    'replicas are coming',
  )
  await world.propose(brokers, '__consumer_offsets', [1, 2, 3])
  expect(world.partition('__consumer_offsets')?.isr.toSorted()).toEqual([1, 2, 3])
  // Once for the second broker, once for the third at most; never again.
  expect(world.decisions.filter((kind) => kind === 'reassignment').length).toBeLessThanOrEqual(2)
})

test('more partitions: as many replicas as the others, and groups are decided anew', async () => {
  const brokers = await world.replicating(3)
  await world.done(world.castle.createTopic({ cluster: 'c', name: 'orders', partitions: 2, replicationFactor: 2 }))
  const coordinator = brokers.find(({ id }) => id === world.castle.groups.coordinatorOf('c', 'g'))
  const members = [{ memberId: 'a', rack: null, topics: ['orders'], target: {} }]
  coordinator?.change({ groups: [{ group: 'g', membership: 1, revision: 1, groupEpoch: 1, members }] })
  await world.clock.pass(100)
  await world.done(world.castle.changeTopic('c', 'orders', { partitions: 6 }))
  expect(world.topic('orders')?.partitions.map(({ replicas, isr }) => [replicas.length, isr.length])).toEqual(
    Array(6).fill([2, 2]),
  )
  await world.clock.pass(100)
  expect(Object.values(world.state.get('group', 'c/g')?.target['a'] ?? {})[0]).toHaveLength(6)
  const fewer = world.castle.changeTopic('c', 'orders', { partitions: 5 })
  await expect(world.done(fewer)).rejects.toMatchObject({ code: 'PARTITIONS_WRONG' })
})

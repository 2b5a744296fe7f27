// Groups: from membership to target, and who is told.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Harness } from '../testing/harness.ts'
import type { TestBroker } from '../testing/senders.ts'

let world: Harness

beforeEach(async () => {
  world = await Harness.start()
})

afterEach(() => world.castle.stop())

describe('groups', () => {
  const member = (memberId: string, target = {}) => ({ memberId, rack: null, topics: ['orders'], target })
  const group = (membership: number, members: ReturnType<typeof member>[]) => [
    { group: 'billing', membership, revision: membership, groupEpoch: membership, members },
  ]
  const targetOf = (broker: TestBroker) => broker.held.get('target/billing')?.state

  test('a membership gets a target; the same again changes nothing; members hear where and that there is news', async () => {
    const [broker] = await world.startBrokers(1)
    const { topicId } = await world.castle.createTopic({ cluster: 'c', name: 'orders', partitions: 4 })
    const client = world.client('user', {
      groups: [{ group: 'billing', memberId: 'a', memberEpoch: 0, assigned: {} }],
    })
    await world.clock.pass(100)
    expect(client.coordinator('billing')).toEqual({ group: 'billing', brokerId: 1, revision: 0 })
    broker?.change({ groups: group(5, [member('a'), member('b')]) })
    await world.clock.pass(50)
    expect(targetOf(broker!)).toMatchObject({ group: 'billing', membership: 5 })
    const { members } = targetOf(broker!) as { members: Record<string, Record<string, number[]>> }
    expect(Object.values(members).flatMap((each) => each[topicId])).toHaveLength(4)
    expect(client.coordinator('billing')?.revision).toBe(5)
    const version = broker?.held.get('target/billing')?.version
    broker?.change({ groups: group(5, [member('a', members['a']), member('b', members['b'])]) })
    await world.clock.pass(500)
    expect(broker?.held.get('target/billing')?.version).toBe(version)
    broker?.change({ groups: group(6, [member('b', members['b'])]) })
    await world.clock.pass(50)
    expect(targetOf(broker!)).toEqual({ group: 'billing', membership: 6, members: { b: { [topicId]: [0, 1, 2, 3] } } })
  })

  test('is told by its coordinator alone: what another broker still reports is not its business', async () => {
    const brokers = await world.startBrokers(2)
    const coordinator = world.castle.groups.coordinatorOf('c', 'billing')
    const other = brokers.find(({ id }) => id !== coordinator)
    other?.change({ groups: group(5, [member('a')]) })
    await world.clock.pass(100)
    expect(world.castle.groups.names('c')).toEqual([])
    brokers.find(({ id }) => id === coordinator)?.change({ groups: group(6, [member('b')]) })
    other?.change({ groups: group(7, [member('a')]) })
    await world.clock.pass(100)
    expect(world.state.get('group', 'c/billing')).toMatchObject({ membership: 6, members: [{ memberId: 'b' }] })
    expect(targetOf(other!)).toBeUndefined()
  })

  test('is decided anew when a topic that it subscribes to comes or goes', async () => {
    const [broker] = await world.startBrokers(1)
    broker?.change({ groups: group(1, [member('a')]) })
    await world.clock.pass(50)
    expect(targetOf(broker!)).toMatchObject({ membership: 1, members: { a: {} } })
    const { topicId } = await world.castle.createTopic({ cluster: 'c', name: 'orders', partitions: 2 })
    await world.clock.pass(50)
    expect(targetOf(broker!)).toMatchObject({ membership: 1, members: { a: { [topicId]: [0, 1] } } })
    await world.castle.deleteTopic('c', { name: 'orders' })
    await world.clock.pass(50)
    expect(targetOf(broker!)).toMatchObject({ membership: 1, members: { a: {} } })
  })
})

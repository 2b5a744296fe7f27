// Who leads now is told at once: the subject itself goes out, and nobody has to ask for it first.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Harness } from '../testing/harness.ts'

let world: Harness

beforeEach(async () => {
  world = await Harness.start()
})

afterEach(() => world.castle.stop())

/** Answers to no heartbeat, and the leader that they tell of the topic's partition. */
function newsSent(topicId: string): number[] {
  const answers = world.network.sent
    .filter(({ to }) => to === 'sender')
    .map(({ text }) => JSON.parse(text) as { type: string; seq?: number; subjects?: { key: string; state: unknown }[] })
    .filter(({ type, seq }) => type === 'answer' && seq === 0)
  return answers.flatMap(({ subjects = [] }) => {
    return subjects
      .filter(({ key }) => key === `topic/${topicId}`)
      .map(({ state }) => (state as { partitions: { leader: number }[] }).partitions[0]?.leader ?? -2)
  })
}

describe('another leader', () => {
  test('is told to brokers and clients without being asked; other changes wait for a heartbeat', async () => {
    const [first, second] = await world.startBrokers(2)
    const { topicId } = await world.castle.createTopic({ cluster: 'c', name: 'orders' })
    const client = world.client('user', { topics: ['orders'] })
    await world.clock.pass(100)
    await world.castle.changeTopic('c', 'orders', { ackLevel: 1 })
    await world.clock.pass(50)
    expect(newsSent(topicId)).toEqual([])
    first?.change({ stopping: true })
    await world.clock.pass(20)
    void first?.sender.stop()
    await world.clock.until(() => client.topic('orders')?.partitions[0]?.leader === -1, 1_000, 'the client knows')
    expect(second?.topic('orders')?.partitions[0]?.leader).toBe(-1)
    expect(newsSent(topicId)).toEqual([-1, -1])
    // And all of them hold it, as their next reports say.
    await world.clock.pass(100)
    const version = world.state.get('topic', topicId)?.version
    expect(world.castle.sessions.get('client', 'user')).toMatchObject({ dirty: false })
    expect(world.castle.sessions.get('client', 'user')?.report.holds[`topic/${topicId}`]).toBe(version)
  })

  test('is not told to a process that is not registered yet (R5)', async () => {
    const [first, second] = await world.startBrokers(2)
    const { topicId } = await world.castle.createTopic({ cluster: 'c', name: 'orders' })
    await world.clock.pass(100)
    expect(first?.leads('orders')).toHaveLength(1)
    world.commitDelayMs = 50
    // What its older process reported makes it leader anew, while the new one waits to be registered.
    first?.change({ logs: [{ topicId, partition: 0, leaderEpoch: 5, fault: null }] })
    await world.clock.pass(5)
    const again = world.broker(1, {}, { incarnation: '1-again' })
    await world.clock.pass(1_000)
    const told = again.told.filter(({ key }) => key === `topic/${topicId}`)
    expect(told.every(({ version }) => version >= (world.state.get('broker', '1')?.brokerEpoch ?? 0))).toBe(true)
    expect(second?.topic('orders')?.partitions[0]).toMatchObject({ leader: 1, leaderEpoch: 7 })
  })
})

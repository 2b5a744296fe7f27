// Clients, and directives to them.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Harness, upBrokers } from '../testing/harness.ts'

let world: Harness

beforeEach(async () => {
  world = await Harness.start()
})

afterEach(() => world.castle.stop())

describe('clients', () => {
  test('come before there is a cluster, and get it when it is there', async () => {
    const client = world.client('early')
    await world.clock.pass(500)
    expect(client.sender.connected).toBe(true)
    await world.startBrokers(1)
    await world.clock.pass(50)
    expect(upBrokers(client)).toEqual([1])
  })

  test('keep their cluster when Castle starts again, also when another comes before it by name', async () => {
    await world.startBrokers(1)
    const client = world.client('user')
    await world.clock.pass(100)
    world.broker(2, { cluster: 'a' })
    await world.clock.pass(100)
    await world.killCastle()
    await world.startCastle()
    await world.clock.pass(2_000)
    expect(world.castle.sessions.get('client', 'user')?.cluster).toBe('c')
    expect([...client.held.keys()]).toEqual(['cluster/c'])
  })

  test('are forgotten when they stop in good order, or after their lease', async () => {
    const polite = world.client('polite')
    const rude = world.client('rude')
    await world.clock.pass(100)
    polite.change({ stopping: true } as object)
    await Promise.all([polite.sender.stop(), world.clock.pass(100)])
    await Promise.all([rude.sender.stop(), world.clock.pass(100)])
    expect([...world.castle.sessions.all('client')].map(({ id }) => id)).toEqual(['rude'])
    await world.clock.pass(12_000)
    expect(world.castle.sessions.count('client')).toBe(0)
    expect(world.castle.links.count).toBe(0)
  })

  test('a steady heartbeat is short, both ways', async () => {
    await world.startBrokers(1)
    await world.castle.createTopic({ cluster: 'c', name: 'orders' })
    world.client(
      '8f14e45f-ceea-4e7f-a6b1-0c6a5d9b3e21',
      { topics: ['orders'] },
      { incarnation: '0c6a5d9b-ceea-4e7f-a6b1-8f14e45f3e21' },
    )
    await world.clock.pass(10_000)
    for (const direction of ['server', 'sender'] as const) {
      const last = world.network.sent
        .filter(
          ({ to, text }) => to === direction && text.includes(direction === 'server' ? '8f14e45f' : '"leaseMs":10000'),
        )
        .at(-1)
      expect(last?.text.length).toBeGreaterThan(50)
      expect(last?.text.length).toBeLessThan(300)
    }
  })
})

describe('directives', () => {
  test('are followed once, acknowledged with their outcome, and unknown kinds are refused', async () => {
    await world.startBrokers(1)
    const client = world.client('user')
    await world.clock.pass(50)
    world.castle.clients.direct('user', 'report')
    world.castle.clients.direct('user', 'reconnect')
    world.castle.clients.direct('user', 'dance' as 'report')
    await world.clock.pass(500)
    const session = world.castle.sessions.get('client', 'user')
    const outcomes = Object.fromEntries((session?.directives.list() ?? []).map((each) => [each.kind, each]))
    expect(outcomes).toMatchObject({
      report: { state: 'done', reason: null },
      reconnect: { state: 'done', reason: null },
      dance: { state: 'refused', reason: expect.stringContaining("'dance' is not known here") },
    })
    expect(client.sender.connected).toBe(true)
  })
})

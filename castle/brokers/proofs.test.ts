// Death by proof: a link that broke, and an address that had answered as that process and refuses connections (S1).
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Harness, upBrokers } from '../testing/harness.ts'
import type { TestBroker } from '../testing/senders.ts'

let world: Harness
let first: TestBroker
let second: TestBroker

/** Broker n listens on port 9091 + n. */
const portOf = (id: number) => 9_091 + id

beforeEach(async () => {
  world = await Harness.start()
  for (const id of [1, 2]) world.doors.incarnations.set(portOf(id), `${id}-1`)
  ;[first, second] = (await world.startBrokers(2)) as [TestBroker, TestBroker]
  await world.clock.pass(50)
})

afterEach(() => world.castle.stop())

/** As kill -9 does: the link breaks, nothing listens. */
function kill(broker: TestBroker): void {
  world.doors.incarnations.delete(portOf(broker.id))
  void broker.sender.stop()
}

/** How long after `begin` the other broker hears that the first is down. */
async function downAfter(begin: () => void): Promise<number> {
  const sinceMs = world.clock.nowMs()
  begin()
  await world.clock.until(() => upBrokers(second)?.length === 1, 3_000, 'broker 1 is called down')
  return world.clock.nowMs() - sinceMs
}

const byLease = (ms: number) => ms > 700 && ms < 1_150

describe('a broker is called down', () => {
  test('at once when its link breaks and its address refuses', async () => {
    expect(await downAfter(() => kill(first))).toBeLessThan(30)
    expect(world.state.get('broker', '1')?.why).toContain('127.0.0.1:9092')
  })

  test('a little later when its socket is closed a little later', async () => {
    const ms = await downAfter(() => {
      void first.sender.stop()
      world.clock.after(60, () => world.doors.incarnations.delete(portOf(1)))
    })
    expect(ms).toBeGreaterThan(59)
    expect(ms).toBeLessThan(200)
  })

  test('after its lease when somebody still listens there', async () => {
    expect(byLease(await downAfter(() => void first.sender.stop()))).toBe(true)
    expect(world.doors.knocks).toBeLessThan(20)
  })

  test('after its lease when its machine says nothing', async () => {
    const ms = await downAfter(() => {
      world.doors.silent.add(portOf(1))
      kill(first)
    })
    expect(byLease(ms)).toBe(true)
  })

  test('after its lease when another process had answered at its address', async () => {
    world.doors.incarnations.set(portOf(1), 'somebody')
    const again = world.broker(1, {}, { incarnation: '1-again' })
    await world.clock.pass(200)
    expect(world.state.get('broker', '1')?.incarnation).toBe('1-again')
    expect(byLease(await downAfter(() => kill(again)))).toBe(true)
    expect(world.doors.knocks).toBe(0)
  })

  test.each<[string, () => void]>([
    ['was out of reach for a while', () => world.doors.silent.add(portOf(1))],
    ['was still that of the process before it', () => world.doors.incarnations.set(portOf(1), '1-1')],
  ])('at once when its address %s after it had registered', async (_, hide) => {
    hide()
    const again = world.broker(1, {}, { incarnation: '1-again' })
    await world.clock.pass(10_000)
    world.doors.silent.clear()
    world.doors.incarnations.set(portOf(1), '1-again')
    await world.clock.pass(40_000)
    expect(await downAfter(() => kill(again))).toBeLessThan(30)
  })

  test('not when its link alone broke, and it comes back', async () => {
    world.network.breakAll()
    await world.clock.pass(2_000)
    expect(upBrokers(second)).toEqual([1, 2])
    expect(world.decisions).not.toContain('broker-down')
  })

  test('by a Castle that just started too, once it has asked at its address itself', async () => {
    await world.killCastle()
    await world.startCastle()
    await world.clock.pass(1_000)
    expect(await downAfter(() => kill(first))).toBeLessThan(30)
  })

  test('not at once by a Castle that was not there when its link broke', async () => {
    await world.killCastle()
    kill(first)
    await world.clock.pass(500)
    await world.startCastle()
    expect(await downAfter(() => {})).toBeGreaterThan(1_500)
  })

  test('not while Castle itself stood still: it looks again first', async () => {
    const knock = world.doors.knock.bind(world.doors)
    const inattentive: boolean[] = []
    world.doors.knock = async (address) => {
      inattentive.push(world.castle.isInattentive)
      return knock(address)
    }
    const ms = await downAfter(() => {
      kill(first)
      world.clock.standStill(5_000)
    })
    expect(inattentive).toEqual([false])
    expect(ms).toBeLessThan(5_100)
  })
})

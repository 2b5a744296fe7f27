// Trouble on purpose: calls that fail, cuts, kills; and what a service that uses the SDK sees of it.
import type { Castellan } from '@castellan/sdk'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type FailingCall, type HowItFails, TestPlatform } from './index.ts'

let platform: TestPlatform
let billing: Castellan
beforeEach(async () => {
  platform = await TestPlatform.start({ topics: { orders: { partitions: 2 }, payments: {} } })
  billing = await platform.connect({ service: 'billing' })
})
afterEach(() => platform.stop())

const pay = (castellan: Castellan, value = 'paid', deliveryTimeoutMs = 120_000) =>
  castellan.producer({ deliveryTimeoutMs }).send({ topic: 'payments', value })
const paid = async () => (await platform.messages('payments')).map(({ text }) => text)

function handle(castellan: Castellan): (string | null)[] {
  const given: (string | null)[] = []
  void castellan.consumer({ group: 'billing', topics: ['orders'] }).run((message) => given.push(message.text))
  return given
}

describe('a call that fails is made again by the SDK, and nothing is lost or doubled', () => {
  test.each<[HowItFails, number]>([
    ['NOT_ENOUGH_REPLICAS', 1],
    ['NOT_LEADER_OR_FOLLOWER', 3],
    ['connection-lost', 1],
    ['answer-lost', 2],
  ])('produce: %s, %i times', async (how, times) => {
    const failure = platform.failNext('produce', how, { times })
    expect(failure.happened).toBe(0)
    await pay(billing)
    expect(failure.happened).toBe(times)
    expect(await paid()).toEqual(['paid'])
  })

  test.each<[FailingCall, HowItFails]>([
    ['fetch', 'NOT_LEADER_OR_FOLLOWER'],
    ['fetch', 'connection-lost'],
    ['fetch', 'answer-lost'],
    ['heartbeat', 'COORDINATOR_NOT_AVAILABLE'],
    ['heartbeat', 'connection-lost'],
    ['heartbeat', 'UNKNOWN_MEMBER_ID'],
    ['commit', 'COORDINATOR_LOAD_IN_PROGRESS'],
    ['commit', 'connection-lost'],
    ['commit', 'answer-lost'],
  ])('%s: %s', async (call, how) => {
    const given = handle(billing)
    await platform.handled(await platform.send({ topic: 'orders', value: 'first' }))
    const failure = platform.failNext(call, how)
    await platform.handled(await platform.send({ topic: 'orders', value: 'second' }))
    await platform.caughtUp('billing')
    await platform.waitFor(() => failure.happened === 1)
    await platform.caughtUp('billing')
    expect(new Set(given)).toEqual(new Set(['first', 'second']))
  })
})

test.each<[HowItFails, readonly string[]]>([
  ['answer-lost', ['paid']],
  ['connection-lost', []],
])('%s: of what was sent, %j is written', async (how, written) => {
  platform.failNext('produce', how, { times: 1_000 })
  await expect(pay(billing, 'paid', 10_000)).rejects.toMatchObject({ code: 'DELIVERY_UNKNOWN' })
  expect(await paid()).toEqual(written)
})

test('a refusal that repeating does not help ends in the error that services see', async () => {
  platform.failNext('produce', 'TOPIC_AUTHORIZATION_FAILED')
  await expect(pay(billing)).rejects.toMatchObject({ code: 'REFUSED', kafkaCode: 29 })
  expect(await paid()).toEqual([])
})

test('only the service that is meant fails, and never the test', async () => {
  const shop = await platform.connect({ service: 'shop' })
  const failure = platform.failNext('produce', 'TOPIC_AUTHORIZATION_FAILED', { service: 'shop' })
  await pay(billing)
  expect(failure.happened).toBe(0)
  await expect(pay(shop)).rejects.toMatchObject({ code: 'REFUSED' })
  await pay(shop)
  expect(failure.happened).toBe(1)
  const next = platform.failNext('produce', 'answer-lost')
  await platform.send({ topic: 'payments', value: 'paid' })
  expect(next.happened).toBe(0)
})

test('a failure that does not exist is refused', () => {
  const wrong = expect.objectContaining({ code: 'OPTION_WRONG' })
  expect(() => platform.failNext('produce', 'NOT_AN_ERROR' as HowItFails)).toThrow(wrong)
  expect(() => platform.failNext('rest' as FailingCall, 'answer-lost')).toThrow(wrong)
  expect(() => platform.failNext('fetch', 'answer-lost', { times: 0 })).toThrow(wrong)
})

test('a broker that is cut off: sends wait, and go on when it is healed', async () => {
  await pay(billing, 'before')
  platform.cut('broker-1')
  const sending = pay(billing, 'after')
  await platform.advance(20_000)
  expect(await paid()).toEqual(['before']) // looking is never cut off
  platform.heal('broker-1')
  await sending
  expect(await paid()).toEqual(['before', 'after'])
})

test('a broker that stays cut off: the send fails when its time is over, and nothing came through', async () => {
  const shop = await platform.connect({ service: 'shop' })
  const producer = billing.producer({ deliveryTimeoutMs: 30_000 })
  await producer.send({ topic: 'payments', value: 'before' })
  platform.cut('billing', 'broker-1')
  await expect(producer.send({ topic: 'payments', value: 'lost' })).rejects.toMatchObject({ code: 'DELIVERY_UNKNOWN' })
  await pay(shop)
  expect(await paid()).toEqual(['before', 'paid'])
})

test('who connects later is cut off, too', async () => {
  platform.cut('castle')
  const connecting = platform.connect({ service: 'late', connectTimeoutMs: 5_000 })
  await expect(connecting).rejects.toMatchObject({ code: 'CASTLE_UNREACHABLE' })
  platform.heal()
  await pay(await platform.connect({ service: 'late' }))
})

test('a broker that is killed keeps what it acknowledged', async () => {
  const given = handle(billing)
  await pay(billing, 'before')
  platform.kill('broker-1')
  expect(() => platform.kill('broker-1')).toThrow('broker-1 is down already')
  const sending = pay(billing, 'after')
  await platform.advance(5_000)
  await platform.restart('broker-1')
  await sending
  expect(await paid()).toEqual(['before', 'after'])
  await platform.handled(await platform.send({ topic: 'orders', value: 'a book' }))
  expect(given).toEqual(['a book'])
})

test('a cluster that is not there is named', async () => {
  const connecting = platform.connect({ service: 'astray', cluster: 'elsewhere' })
  const text = /knows no broker of cluster 'elsewhere' that is up/
  await expect(connecting).rejects.toMatchObject({ code: 'CASTLE_UNREACHABLE', message: expect.stringMatching(text) })
})

test('with Castle away, messages go on; new services wait for it', async () => {
  handle(billing)
  await platform.handled(await platform.send({ topic: 'orders', value: 'first' }))
  platform.kill('castle')
  await platform.advance(30_000)
  await platform.handled(await platform.send({ topic: 'orders', value: 'second' }))
  await expect(platform.createTopic('more')).rejects.toThrow('castle is down')
  await expect(platform.connect({ service: 'late' })).rejects.toMatchObject({ code: 'CASTLE_UNREACHABLE' })
  const connecting = platform.connect({ service: 'patient' })
  await platform.restart('castle')
  await (await connecting).producer().send({ topic: 'payments', value: 'paid' })
  await platform.createTopic('more')
})

test("a service that is killed at work: its message goes to the group's next member, whatever it still does", async () => {
  let begun = 0
  let end = () => {}
  void billing.consumer({ group: 'billing', topics: ['orders'] }).run(() => {
    begun += 1
    return new Promise<void>((resolve) => {
      end = resolve
    })
  })
  const order = await platform.send({ topic: 'orders', value: 'a book' })
  await platform.waitFor(() => expect(begun).toBe(1))
  platform.kill('billing')
  end()
  const given = handle(await platform.connect({ service: 'billing' }))
  expect(await platform.handled(order)).toMatchObject({ service: 'billing-2', attempts: 2 })
  expect(given).toEqual(['a book'])
  await expect(platform.restart('billing')).rejects.toThrow('billing is a service: connect again')
})

test('nobody waits for the calls of a service that was killed', async () => {
  platform.cut('billing')
  void pay(billing)
  await platform.advance(1_000)
  platform.kill('billing')
  const before = platform.now
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(platform.now).toEqual(before)
})

test('of three brokers, one away stops nothing: each partition has a replica on the others', async () => {
  await platform.stop()
  platform = await TestPlatform.start({ brokers: 3, topics: { payments: { partitions: 3 } } })
  const producer = (await platform.connect({ service: 'shop' })).producer({ deliveryTimeoutMs: 10_000 })
  const send = (partition: number) => producer.send({ topic: 'payments', partition, value: 'paid' })
  await Promise.all([0, 1, 2].map(send))
  platform.kill('broker-2')
  await Promise.all([0, 1, 2].map(send))
  // Of two in sync one more may go, but not without a pause of writing (R6).
  platform.kill('broker-3')
  const outcomes = await Promise.allSettled([0, 1, 2].map(send))
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
})

// A platform for tests of services: messages get through, time jumps and stands still, and real code of a service keeps its own time.
import { type Castellan, topic } from '@castellan/sdk'
import { afterEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { TestPlatform, type TestPlatformOptions } from './index.ts'

const platforms: TestPlatform[] = []
const topics = { orders: { partitions: 2 }, payments: {} }

async function start(options: TestPlatformOptions = {}): Promise<TestPlatform> {
  const platform = await TestPlatform.start({ topics, ...options })
  platforms.push(platform)
  return platform
}

afterEach(async () => {
  vi.useRealTimers()
  await Promise.all(platforms.splice(0).map((platform) => platform.stop()))
})

/** Runs `handler` on orders; returns what it was given. */
function handle(castellan: Castellan, handler: (text: string, attempt: number) => unknown = () => {}): string[] {
  const given: string[] = []
  const retry = { initialIntervalMs: 30_000, jitter: 0 }
  void castellan.consumer({ group: 'billing', topics: ['orders'], retry }).run(async (message, { attempt }) => {
    given.push(message.text ?? '')
    await handler(message.text ?? '', attempt)
  })
  return given
}

/** Of simulated time, while `act` goes on. */
async function simulatedMs(platform: TestPlatform, act: () => Promise<unknown>): Promise<number> {
  const startMs = platform.now.getTime()
  await act()
  return platform.now.getTime() - startMs
}

const realPause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test('a message is handled, committed, and seen', async () => {
  const platform = await start()
  const given = handle(await platform.connect({ service: 'billing' }))
  const order = await platform.send({ topic: 'orders', key: 'o-1', value: 'a book', headers: { trace: 't' } })
  const handled = await platform.handled(order, { group: 'billing' })
  expect(handled).toEqual({ group: 'billing', service: 'billing', attempts: 1, error: null, isDone: true })
  expect(given).toEqual(['a book'])
  await platform.caughtUp('billing')
  expect((await platform.committed('billing', 'orders'))[order.partition]).toBe(order.offset + 1)
  expect(await platform.committed('nobody', 'orders')).toEqual([null, null])
  const [message] = await platform.messages('orders')
  expect(message).toMatchObject({ ...order, text: 'a book' })
  expect(message?.header('trace')).toBe('t')
})

test('a service sends and is waited for without a word about time', async () => {
  const platform = await start()
  const producer = (await platform.connect({ service: 'shop' })).producer()
  const sent = await Promise.all(['a', 'b', 'c'].map((value) => producer.send({ topic: 'payments', value })))
  expect(sent.map(({ offset }) => offset)).toEqual([0, 1, 2])
  await producer.flush()
  await producer.close()
  await expect(producer.send({ topic: 'payments', value: 'd' })).rejects.toMatchObject({ code: 'CLOSED' })
})

test('half a minute of back-off takes milliseconds', async () => {
  const platform = await start()
  const given = handle(await platform.connect({ service: 'billing' }), (_, attempt) => {
    if (attempt === 1) throw new Error('card declined')
  })
  const order = await platform.send({ topic: 'orders', value: 'a book' })
  const startMs = performance.now()
  const spanMs = await simulatedMs(platform, async () => {
    expect(await platform.handled(order)).toMatchObject({ attempts: 2, error: 'card declined' })
  })
  console.log(`${Math.round(spanMs)} simulated ms in ${Math.round(performance.now() - startMs)}`)
  expect(spanMs).toBeGreaterThanOrEqual(30_000)
  expect(given).toEqual(['a book', 'a book'])
})

test('time passes to the millisecond as far as it is told', async () => {
  const platform = await start()
  const given = handle(await platform.connect({ service: 'billing' }), () => {
    throw new Error('card declined')
  })
  await platform.send({ topic: 'orders', value: 'a book' })
  await platform.waitFor(() => expect(given).toHaveLength(1))
  await platform.advance(29_900)
  expect(given).toHaveLength(1)
  await platform.advance(200)
  expect(given).toHaveLength(2)
})

test('time stands still while nobody waits, and starts where it is told', async () => {
  const startAt = new Date('2030-01-01T00:00:00Z')
  const platform = await start({ startAt })
  handle(await platform.connect({ service: 'billing' }))
  const before = platform.now
  await realPause(30)
  expect(platform.now).toEqual(before)
  expect(before.getTime() - startAt.getTime()).toBeLessThan(10_000)
  await platform.send({ topic: 'orders', value: 'a book' })
  expect((await platform.messages('orders'))[0]?.timestampMs).toBeGreaterThanOrEqual(startAt.getTime())
})

test('a handler that works outside the platform is not overtaken by simulated time', async () => {
  const platform = await start()
  handle(await platform.connect({ service: 'billing' }), () => realPause(150))
  const order = await platform.send({ topic: 'orders', value: 'a book' })
  await platform.handled(order, { withinMs: 5_000 })
})

test('time keeps pace with a handler that works outside, also after it ran ahead', async () => {
  const platform = await start()
  const spans: { simulated: number; real: number }[] = []
  handle(await platform.connect({ service: 'billing' }), async (_, attempt) => {
    // The real span is around the simulated one, whoever takes the processor between these lines.
    const real = performance.now()
    const simulated = platform.now.getTime()
    await realPause(100)
    spans.push({ simulated: platform.now.getTime() - simulated, real: performance.now() - real })
    if (attempt === 1) throw new Error('card declined')
  })
  await platform.handled(await platform.send({ topic: 'orders', value: 'a book' }))
  expect(spans).toHaveLength(2)
  for (const { simulated, real } of spans) {
    expect(simulated).toBeGreaterThan(0)
    expect(simulated).toBeLessThan(real + 50)
  }
})

test('a handler that sends is no such handler: time goes on for it', async () => {
  const platform = await start({ patienceMs: 60_000 })
  const castellan = await platform.connect({ service: 'billing' })
  const producer = castellan.producer({ lingerMs: 5_000 })
  handle(castellan, () => producer.send({ topic: 'payments', value: 'paid' }))
  const order = await platform.send({ topic: 'orders', value: 'a book' })
  expect(await simulatedMs(platform, () => platform.handled(order))).toBeGreaterThanOrEqual(5_000)
})

test("fake timers hold up the service's code and not the platform", async () => {
  const platform = await start()
  vi.useFakeTimers()
  const given = handle(await platform.connect({ service: 'billing' }), () => realPause(60_000))
  const order = await platform.send({ topic: 'orders', value: 'a book' })
  await platform.waitFor(() => expect(given).toHaveLength(1))
  await vi.advanceTimersByTimeAsync(60_000)
  expect(await platform.handled(order)).toMatchObject({ attempts: 1 })
})

test('a handler that hangs holds time up only for a while, and is named', async () => {
  const platform = await start({ patienceMs: 50 })
  const given = handle(await platform.connect({ service: 'billing' }), () => new Promise(() => {}))
  const order = await platform.send({ topic: 'orders', value: 'a book' })
  await expect(platform.handled(order, { withinMs: 1_000 })).rejects.toThrow(
    new RegExp(`billing: a handler has been working on orders/${order.partition}@0 for \\d+ real ms`),
  )
  expect(given).toHaveLength(1)
})

test('waitFor takes conditions that throw, answer false, or are promises, and things outside have their time', async () => {
  const platform = await start({ patienceMs: 500 })
  await platform.send({ topic: 'payments', value: 'paid' })
  expect(await platform.waitFor(() => platform.messages('payments'))).toHaveLength(1)
  let happened = false
  void realPause(200).then(() => {
    happened = true
  })
  await platform.waitFor(() => happened, { withinMs: 1_000 })
  const quick = { withinMs: 100 }
  const hasty = await start({ patienceMs: 0 })
  await expect(hasty.waitFor(() => expect(1).toBe(2), quick)).rejects.toMatchObject({
    code: 'WAIT_OVER',
    cause: expect.objectContaining({ name: 'AssertionError' }),
  })
  await expect(hasty.waitFor(() => false, quick)).rejects.toThrow('the condition did not hold: it gave false')
})

test('a wait that is over says what was going on', async () => {
  const platform = await start()
  handle(await platform.connect({ service: 'billing' }), () => {
    throw new Error('card declined')
  })
  const order = await platform.send({ topic: 'orders', value: 'a book' })
  platform.cut('castle', 'billing')
  const error = await platform.handled(order, { group: 'billing', withinMs: 40_000 }).catch((error: Error) => error)
  const text = String(error)
  expect(text).toContain(`nobody in group billing was done with orders/${order.partition}@0 within 40000 ms`)
  expect(text).toContain('billing tried 2 times: card declined')
  expect(text).toContain(`billing: group billing on orders, assigned`)
  expect(text).toContain('castle is cut off from billing')
  expect(text).toContain('log: ')
  await expect(platform.caughtUp('billing', { withinMs: 100 })).rejects.toThrow(/orders\/\d: committed \S+ of 1/)
})

test('typed topics: what does not fit is refused, and what is read is decoded', async () => {
  const orders = topic('orders', { schema: z.object({ id: z.number() }) })
  const platform = await start()
  const ids: number[] = []
  const consumer = (await platform.connect({ service: 'billing' })).consumer({ group: 'billing', topics: [orders] })
  void consumer.run((message) => ids.push(message.value.id))
  await platform.handled(await platform.send({ topic: orders, key: 'o-7', value: { id: 7 } }))
  expect(ids).toEqual([7])
  expect((await platform.messages(orders)).map(({ key, value }) => [key, value.id])).toEqual([['o-7', 7]])
  const wrong = { id: 'seven' } as unknown as { id: number }
  await expect(platform.send({ topic: orders, key: null, value: wrong })).rejects.toMatchObject({
    code: 'VALUE_REFUSED',
  })
  await platform.caughtUp('billing')
})

test('batches and loops are handlers, too', async () => {
  const platform = await start()
  const castellan = await platform.connect({ service: 'billing' })
  const batches: number[] = []
  void castellan
    .consumer({ group: 'batches', topics: ['orders'] })
    .runBatches(async ({ messages }) => batches.push(messages.length))
  const looped: (string | null)[] = []
  void (async () => {
    for await (const message of castellan.consumer({ group: 'loops', topics: ['orders'] })) {
      looped.push(message.text)
      if (looped.length === 3) break
    }
  })()
  const orders = await Promise.all(['a', 'b', 'c'].map((value) => platform.send({ topic: 'orders', key: 'k', value })))
  for (const order of orders) for (const group of ['batches', 'loops']) await platform.handled(order, { group })
  expect(batches.reduce((sum, count) => sum + count, 0)).toBe(3)
  expect(looped).toEqual(['a', 'b', 'c'])
})

test('several platforms do not disturb each other', async () => {
  const [one, other] = await Promise.all([
    start(),
    start({ brokers: 3, seed: 2, topics: { orders: { partitions: 6 } } }),
  ])
  const given = await Promise.all(
    [one, other].map(async (platform) => handle(await platform.connect({ service: 'billing' }))),
  )
  other.kill('broker-3')
  const [order] = await Promise.all([one.send({ topic: 'orders', value: 'one' }), other.advance(60_000)])
  await one.handled(order)
  expect(given).toEqual([['one'], []])
  expect(await simulatedMs(one, () => other.advance(1_000))).toBe(0)
})

test('the same test runs alike each time', async () => {
  async function run(seed: number): Promise<number> {
    const platform = await start({ seed, startAt: new Date(0) })
    handle(await platform.connect({ service: 'billing' }))
    await platform.handled(await platform.send({ topic: 'orders', key: 'k', value: 'a' }))
    await platform.caughtUp('billing')
    return platform.now.getTime()
  }
  expect(await run(7)).toBe(await run(7))
})

test('what is wrong is said at once', async () => {
  await expect(TestPlatform.start({ partitions: 3 } as TestPlatformOptions)).rejects.toThrow(
    "there is no option 'partitions'",
  )
  await expect(TestPlatform.start({ brokers: 0 })).rejects.toMatchObject({ code: 'OPTION_WRONG' })
  await expect(TestPlatform.start({ topics: { 'no name': {} } })).rejects.toMatchObject({ code: 'TOPIC_NAME_WRONG' })
  const platform = await start()
  await expect(platform.connect({} as { service: string })).rejects.toMatchObject({ code: 'OPTION_WRONG' })
  await expect(platform.caughtUp('billing')).rejects.toThrow("no service has a consumer of group 'billing'")
  await expect(platform.advance(-1)).rejects.toMatchObject({ code: 'OPTION_WRONG' })
  for (const wrong of [() => platform.cut('broker-7'), () => platform.kill('shop'), () => platform.heal('castle')])
    expect(wrong).toThrow(expect.objectContaining({ code: 'NAME_UNKNOWN' }))
  await platform.stop()
  await expect(platform.advance(1)).rejects.toMatchObject({ code: 'STOPPED' })
  await expect(platform.connect({ service: 'late' })).rejects.toMatchObject({ code: 'STOPPED' })
})

test('stopping ends what runs, handlers that hang too', async () => {
  const platform = await start({ patienceMs: 60_000 })
  const castellan = await platform.connect({ service: 'billing' })
  let begun = 0
  const running = castellan.consumer({ group: 'billing', topics: ['orders'] }).run(() => {
    begun += 1
    return new Promise(() => {})
  })
  await platform.send({ topic: 'orders', value: 'a book' })
  await platform.waitFor(() => expect(begun).toBe(1))
  platform.kill('castle')
  platform.kill('broker-1')
  await platform.stop()
  await running
})

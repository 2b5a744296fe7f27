// The example of the README, word for word (readme.test.ts looks).
import type { Castellan } from '@castellan/sdk'
import { TestPlatform } from '@castellan/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'

// The service under test: it takes what `connect` of @castellan/sdk gives.
function startBilling(castellan: Castellan, charge: (order: string) => Promise<void>) {
  const producer = castellan.producer()
  const consumer = castellan.consumer({ group: 'billing', topics: ['orders'], retry: { initialIntervalMs: 30_000 } })
  return consumer.run(async (message) => {
    await charge(message.text ?? '')
    await producer.send({ topic: 'payments', key: message.key, value: 'paid' })
  })
}

let platform: TestPlatform
beforeEach(async () => {
  platform = await TestPlatform.start({ topics: { orders: { partitions: 2 }, payments: {} } })
})
afterEach(() => platform.stop())

test('a declined card is tried again after half a minute, and paid once', async () => {
  const charged: string[] = []
  startBilling(await platform.connect({ service: 'billing' }), async (order) => {
    charged.push(order)
    if (charged.length === 1) throw new Error('card declined')
  })
  platform.failNext('produce', 'answer-lost') // 'paid' is written, but the broker's answer gets lost

  const order = await platform.send({ topic: 'orders', key: 'o-42', value: 'a book' })
  const { attempts } = await platform.handled(order) // half a minute, in milliseconds

  expect(attempts).toBe(2)
  expect(charged).toEqual(['a book', 'a book'])
  expect((await platform.messages('payments')).map(({ text }) => text)).toEqual(['paid'])
  await platform.caughtUp('billing')
  expect((await platform.committed('billing', 'orders'))[order.partition]).toBe(1)
})

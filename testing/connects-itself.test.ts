// A service that calls `connect` itself is given the platform's, by a module mock.
import { connect } from '@castellan/sdk'
import { TestPlatform } from '@castellan/testing'
import { expect, test, vi } from 'vitest'

let platform: TestPlatform
vi.mock('@castellan/sdk', async (original) => ({
  ...(await original<typeof import('@castellan/sdk')>()),
  connect: ({ castle, ...options }: Parameters<typeof connect>[0]) => platform.connect(options),
}))

async function shop(): Promise<void> {
  const castellan = await connect({ castle: 'http://castle.example:8600', service: 'shop' })
  await castellan.producer().send({ topic: 'orders', value: 'a book' })
  await castellan.close()
}

test('a service that connects by itself', async () => {
  platform = await TestPlatform.start({ topics: { orders: {} } })
  await shop()
  expect((await platform.messages('orders')).map(({ text }) => text)).toEqual(['a book'])
  await platform.stop()
})

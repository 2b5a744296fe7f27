// A message that stops its partition, from the handler that throws to the page that says so.

import { silentLogger } from '@castellan/protocol/runtime'
import { connect } from '@castellan/sdk'
import { expect, test } from 'vitest'
import { waitFor } from '../processes/index.ts'
import { InProcess } from './in-process.ts'

test('what is stuck shows at its group and among the problems, and goes when it goes on', async () => {
  const platform = await InProcess.start(1)
  const castellan = await connect({ castle: platform.castle.url, service: 'billing', log: silentLogger })
  try {
    await platform.call('POST', '/api/topics', { name: 'orders' })
    let isBroken = true
    const retry = { maxAttempts: 1, initialIntervalMs: 10, maxIntervalMs: 20 }
    const consumer = castellan.consumer({ group: 'billing', topics: ['orders'], retry })
    const handled: number[] = []
    const running = consumer.run(({ offset }) => {
      if (isBroken && offset === 1) throw new Error('no such customer')
      handled.push(offset)
    })
    const producer = castellan.producer()
    for (const value of ['a', 'b', 'c']) await producer.send({ topic: 'orders', value })
    const stuck = await waitFor('the group to be stuck', async () => {
      return (await platform.call('GET', '/api/groups/billing')).value.stuck?.[0]
    })
    expect(stuck).toMatchObject({ topic: 'orders', partition: 0, offset: 1, error: 'no such customer' })
    expect(Date.now() - Date.parse(stuck.since)).toBeLessThan(60_000)
    const problem = await waitFor('the problem', async () => {
      const { items } = (await platform.call('GET', '/api/problems')).value
      return items.find(({ kind }: { kind: string }) => kind === 'stuck')
    })
    expect(problem).toMatchObject({
      what: 'PARTITION_STUCK',
      params: { group: 'billing', topic: 'orders', offset: 1, error: 'no such customer' },
    })
    // Castle hears of further attempts now and then, not of each.
    await waitFor('more attempts', async () => {
      return (await platform.call('GET', '/api/groups/billing')).value.stuck[0].attempts > stuck.attempts + 10
    })
    isBroken = false
    await waitFor('all to be handled', () => handled.length === 3)
    await waitFor('nothing to be stuck', async () => {
      return (await platform.call('GET', '/api/groups/billing')).value.stuck.length === 0
    })
    await castellan.close()
    await running
  } finally {
    await castellan.close()
    await platform.stop()
  }
})

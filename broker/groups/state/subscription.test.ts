import { describe, expect, test } from 'vitest'
import { Subscriptions } from './subscription.ts'

const topics = ['orders', 'orders-eu', 'payments'].map((name) => ({ name, internal: false }))
const internal = { name: '__consumer_offsets', internal: true }

describe('a pattern', () => {
  test.each([
    ['orders', ['orders']],
    ['orders.*', ['orders', 'orders-eu']],
    ['.*', ['orders', 'orders-eu', 'payments']],
    ['(?i)ORDERS', ['orders']],
    ['rders', []],
    ['__.*', []],
  ])('%s matches whole names of topics that are not internal', (pattern, expected) => {
    expect(new Subscriptions().resolve(pattern, [...topics, internal])).toEqual({ topics: expected })
  })

  test('that would take others for ever takes no time', () => {
    const name = 'a'.repeat(249)
    expect(new Subscriptions().resolve('(a*)*b', [{ name, internal: false }])).toEqual({ topics: [] })
  })

  test('that matches more than a member’s record may hold is refused', () => {
    const many = Array.from({ length: 2_000 }, (_, index) => ({ name: `${'x'.repeat(200)}${index}`, internal: false }))
    expect(new Subscriptions().resolve('x.*', many)).toEqual({ problem: 'it matches 2000 topics, which are too many' })
  })

  test('is compiled once while it is in use, and forgotten later', () => {
    const subscriptions = new Subscriptions()
    for (let index = 0; index < 3_000; index++) expect(subscriptions.problemOf(`orders${index}`)).toBeNull()
    expect(subscriptions.resolve('orders', topics)).toEqual({ topics: ['orders'] })
  })
})

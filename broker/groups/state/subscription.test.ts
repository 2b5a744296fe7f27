import { describe, expect, test } from 'vitest'
import { fits, Subscriptions } from './subscription.ts'

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

  test('is compiled once while it is in use, and forgotten later', () => {
    const subscriptions = new Subscriptions()
    for (let index = 0; index < 3_000; index++) expect(subscriptions.problemOf(`orders${index}`)).toBeNull()
    expect(subscriptions.resolve('orders', topics)).toEqual({ topics: ['orders'] })
  })
})

const names = (count: number, prefix = '') => Array.from({ length: count }, (_, index) => `${prefix}${index}`)

test.each([
  ['as many short names as a report may have', names(10_000), [], true],
  ['one more', names(10_001), [], false],
  ['one more, by both ways together', names(5_000), names(5_001, 'x'), false],
  ['the same names by both ways', names(10_000), names(10_000), true],
  ['few names, as long as a record may hold', names(2_000, 'x'.repeat(200)), [], true],
  ['few names that are longer than that', names(1_500, 'x'.repeat(200)), names(1_500, 'y'.repeat(200)), false],
])('does a subscription fit that has %s?', (_, topicNames, regexTopics, expected) => {
  expect(fits(topicNames, regexTopics)).toBe(expected)
})

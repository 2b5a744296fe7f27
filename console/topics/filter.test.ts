import { expect, test } from 'vitest'
import type { TopicSummary } from '../api/types.ts'
import { isShown } from './filter.ts'

const topic: TopicSummary = {
  name: 'Orders.eu',
  topicId: '1',
  cluster: 'default',
  internal: false,
  partitions: 3,
  replicationFactor: 1,
  ackLevel: -1,
  owner: 'billing',
  labels: { tier: 'gold' },
  leaderless: 0,
  belowMinIsr: 0,
  underReplicated: 1,
  losses: 0,
  createdAt: '2026-01-01T00:00:00Z',
}
const none = { q: '', cluster: '', ack: '', isInternalShown: false, isTroubledOnly: false }

test.each([
  [{}, true],
  [{ q: 'orders' }, true],
  [{ q: 'EU  bill' }, true],
  [{ q: 'tier=gold' }, true],
  [{ q: 'orders silver' }, false],
  [{ cluster: 'default' }, true],
  [{ cluster: 'other' }, false],
  [{ ack: '-1' }, true],
  [{ ack: '1' }, false],
])('%o shows it: %s', (filter, shown) => {
  expect(isShown(topic, { ...none, ...filter })).toBe(shown)
})

test('topics of the platform are shown when asked for', () => {
  const internal = { ...topic, internal: true }
  expect(isShown(internal, none)).toBe(false)
  expect(isShown(internal, { ...none, isInternalShown: true })).toBe(true)
})

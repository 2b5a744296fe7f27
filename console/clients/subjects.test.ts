import { expect, test } from 'vitest'
import type { ClientSummary } from '../api/types.ts'
import { isShown, readKey, stateOf } from './subjects.ts'

test.each([
  [{ key: 'topic/1', desired: 7, actual: 7 }, 'held'],
  [{ key: 'topic/1', desired: 7, actual: 6 }, 'older'],
  // A Castle whose store went back in time: not what it should hold, either.
  [{ key: 'topic/1', desired: 6, actual: 7 }, 'older'],
  [{ key: 'topic/1', desired: 7, actual: null }, 'none'],
])('%j is %s', (subject, state) => expect(stateOf(subject)).toBe(state))

test.each([
  ['topic/4f', { kind: 'topic', name: '4f' }],
  ['coordinator/a/b', { kind: 'coordinator', name: 'a/b' }],
  ['producer-ids', { kind: 'producer-ids', name: '' }],
])('%s', (key, read) => expect(readKey(key)).toEqual(read))

const client: ClientSummary = {
  ...{ id: 'billing-1', service: 'billing', host: 'Host-7', pid: 1, release: '0.1.0', cluster: null },
  ...{ topics: ['orders'], groups: ['invoices'], lastHeard: '2026-01-01T00:00:00Z', linked: true, behind: 0 },
}

test.each([
  ['', false, true],
  ['host-7 orders', false, true],
  ['host-7 payments', false, false],
  ['INVOICES', false, true],
  ['', true, false],
])('filter %j, behind only: %s', (q, isBehindOnly, shown) => expect(isShown(client, { q, isBehindOnly })).toBe(shown))

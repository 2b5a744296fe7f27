import { expect, test } from 'vitest'
import { readAbout } from './about.ts'

const topics = new Map([['4f0c', { name: 'orders', cluster: 'default' }]])

test.each([
  ['topic/4f0c', [], 'orders', '/topics/default/orders'],
  ['topic/gone', [], 'topic/gone', undefined],
  ['broker/2', ['broker/2', 'cluster/default'], 'broker/2', '/brokers/default/2'],
  ['broker/2', ['broker/2'], 'broker/2', '/brokers'],
  ['group/default/a/b', [], 'a/b', '/groups/default/a%2Fb'],
  ['client/billing-1', [], 'billing-1', '/clients/billing-1'],
  ['cluster/default', [], 'cluster/default', undefined],
])('%s', (key, all, text, to) => expect(readAbout(key, all, topics)).toEqual({ key, text, to }))

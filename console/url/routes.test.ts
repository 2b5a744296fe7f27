import { expect, test } from 'vitest'
import { href, match } from './routes.ts'

const topic = '/topics/:cluster/:topic/:tab?'

test.each([
  ['/topics', '/topics', {}],
  ['/topics', '/topics/', {}],
  ['/topics', '/', undefined],
  ['/', '/', {}],
  ['/', '/topics', undefined],
  [topic, '/topics/default/orders', { cluster: 'default', topic: 'orders' }],
  [topic, '/topics/default/orders/clients', { cluster: 'default', topic: 'orders', tab: 'clients' }],
  [topic, '/topics/default', undefined],
  [topic, '/topics/default/orders/clients/more', undefined],
  [topic, '/topics/default/a%2Fb%20%E4%B8%BB', { cluster: 'default', topic: 'a/b 主' }],
  [topic, '/topics/default/%E4', undefined],
])('%s of %s', (pattern, path, parts) => {
  expect(match(pattern, path)).toEqual(parts)
})

test.each([['orders'], ['a/b'], ['group of 主题?&#%'], ['..']])('the address of %s leads back to it', (name) => {
  const path = href(topic, { cluster: 'default', topic: name, tab: 'clients' })
  expect(match(topic, path)).toEqual({ cluster: 'default', topic: name, tab: 'clients' })
})

test('what is missing or empty stays out of an address', () => {
  expect(href(topic, { cluster: 'c', topic: 't' })).toBe('/topics/c/t')
  expect(href('/topics', {}, { q: '', ack: undefined, cluster: 'c d' })).toBe('/topics?cluster=c+d')
})

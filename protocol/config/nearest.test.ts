import { expect, test } from 'vitest'
import { nearestName } from './nearest.ts'

const known = ['node.id', 'listen', 'log.dir', 'broker.rack', 'max.connections', 'max.connections.idle.ms']

test.each([
  ['node-id', 'node.id'],
  ['NODE_ID', 'node.id'],
  ['brokerRack', 'broker.rack'],
  ['listn', 'listen'],
  ['lisetn', 'listen'],
  ['max.conections', 'max.connections'],
  ['broker.rak', 'broker.rack'],
  ['x', undefined],
  ['zookeeper.connect', undefined],
  ['', undefined],
])('%j means %j', (given, meant) => {
  expect(nearestName(given, known)).toBe(meant)
})

test('nothing is near nothing', () => {
  expect(nearestName('listen', [])).toBeUndefined()
})

test('a name of any length costs little', () => {
  expect(nearestName('a'.repeat(100_000), known)).toBeUndefined()
})

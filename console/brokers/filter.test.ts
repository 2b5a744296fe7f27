import { expect, test } from 'vitest'
import type { BrokerView } from '../api/types.ts'
import { addressOf, isShown, lagOf, stateOf, troubleOf } from './filter.ts'

const broker: BrokerView = {
  ...{
    id: 2,
    cluster: 'default',
    host: '10.0.0.7',
    port: 9092,
    metricsPort: 1,
    rack: 'Rack-B',
    pid: 1,
    release: '0.1.0',
  },
  ...{ state: 'up', why: '', since: '2026-01-01T00:00:00Z', brokerEpoch: 1, stopping: false, lastHeard: null },
  ...{ leaders: 0, replicas: 0, faults: [], strays: [], behind: [], startedAt: null, recovery: null, vitals: null },
}
const recovery = { logs: 9, opened: 4, bytesToCheck: 100, bytesChecked: 50 }
const fault = { topicId: 't', topic: null, partition: 0, fault: 'checksum' }

test.each([
  [{ state: 'up', stopping: false, recovery: null }, 'up'],
  [{ state: 'up', stopping: true, recovery: null }, 'stopping'],
  [{ state: 'down', stopping: true, recovery: null }, 'down'],
  [{ state: 'down', stopping: false, recovery }, 'recovering'],
] as const)('%j is %s', (given, state) => expect(stateOf(given)).toBe(state))

test.each([
  ['', '', true],
  ['rack-b 10.0', '', true],
  ['rack-a', '', false],
  ['', 'up', true],
  ['', 'down', false],
])('filter %j, state %j', (q, state, shown) => expect(isShown(broker, { q, state })).toBe(shown))

test('an address is written as a service needs it', () => {
  expect(addressOf(broker)).toBe('10.0.0.7:9092')
  expect(addressOf({ host: '::1', port: 9092 })).toBe('[::1]:9092')
})

test('who is down is not said to lag behind', () => {
  expect(lagOf({ state: 'up', behind: ['cluster/a'] })).toBe(1)
  expect(lagOf({ state: 'down', behind: ['cluster/a'] })).toBe(0)
})

test('a dead broker is worse than a damaged log, and that than a stray one', () => {
  const down = { ...broker, state: 'down' as const }
  const faulty = { ...broker, faults: [fault] }
  const strays = { ...broker, strays: [{ topicId: 't', partition: 0 }] }
  const worst = [broker, strays, down, faulty].sort((a, b) => troubleOf(b) - troubleOf(a))
  expect(worst).toEqual([down, faulty, strays, broker])
})

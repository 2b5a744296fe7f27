import { expect, test } from 'vitest'
import type { Topic } from '../state/entities.ts'
import { State } from '../state/state.ts'
import { planChange, planCreation } from './plan.ts'

const old = (...ids: number[]) => ids.map((id) => ({ id, replicates: false }))
const able = (...ids: number[]) => ids.map((id) => ({ id, replicates: true }))

function stateOf(...brokers: { id: number; replicates: boolean }[]): State {
  const state = new State()
  for (const { id, replicates } of brokers) {
    const broker = {
      id,
      replicates,
      cluster: 'c',
      host: 'h',
      port: 1,
      metricsPort: 0,
      rack: null,
      pid: 1,
      release: 'r',
    }
    const entity = { ...broker, incarnation: 'i', retired: [], brokerEpoch: 1, up: true, sinceMs: 0, why: '' }
    state.apply({ kind: 'broker', key: String(id), entity })
  }
  return state
}

const topic: Topic = {
  topicId: 't',
  name: 'orders',
  cluster: 'c',
  internal: false,
  ackLevel: -1,
  configs: { 'retention.ms': '1000' },
  description: '',
  owner: 'a',
  labels: { tier: '1' },
  partitions: [{ leader: 1, leaderEpoch: 0, partitionEpoch: 0, replicas: [1], isr: [1] }],
  deleted: false,
  holders: [],
  createdMs: 0,
  version: 42,
}

test('a creation is placed, and everything that is wrong with it is said at once, by field', () => {
  const good = planCreation(
    stateOf(...old(1, 2)),
    { cluster: 'c', name: 'a', partitions: 3 },
    { partitions: 1, replicationFactor: 3 },
  )
  expect(good.problems).toEqual([])
  expect(good.placement.map(({ leader }) => leader)).toEqual([1, 2, 1])
  expect(good.survivesBrokers).toBe(0)
  const bad = planCreation(
    stateOf(...old(1)),
    { cluster: 'c', name: 'a b', replicationFactor: 3, configs: { 'retention.ms': 'soon', shoe: '43' } },
    { partitions: 1, replicationFactor: 3 },
  )
  expect(bad.problems.map(({ field, error }) => [field, error.code])).toEqual([
    ['name', 'TOPIC_NAME_WRONG'],
    ['replicationFactor', 'REPLICATION_FACTOR_WRONG'],
    ['configs.retention.ms', 'TOPIC_SETTING_WRONG'],
    ['configs.shoe', 'TOPIC_SETTING_WRONG'],
  ])
  expect(bad.problems[1]?.error.params).toEqual({ replicationFactor: 3, limit: 1, cluster: 'c' })
  expect(bad.placement).toEqual([])
  const nowhere = planCreation(stateOf(), { cluster: 'c', name: 'a' }, { partitions: 1, replicationFactor: 3 })
  expect(nowhere.problems.map(({ field }) => field)).toEqual(['cluster'])
})

test.each([
  [3, {}, 1],
  [3, { ackLevel: 1 as const }, 2],
  [3, { configs: { 'min.insync.replicas': '1' } }, 2],
  [3, { configs: { 'min.insync.replicas': '3' } }, 0],
  [2, {}, 1],
  [1, {}, 0],
])('%d replicas, %j: so many brokers may be lost', (replicationFactor, args, expected) => {
  const topic = { cluster: 'c', name: 'a', partitions: 2, replicationFactor, ...args }
  const plan = planCreation(stateOf(...able(1, 2, 3)), topic, { partitions: 1, replicationFactor: 3 })
  expect(plan.problems).toEqual([])
  expect(plan.survivesBrokers).toBe(expected)
})

test.each([
  [{ ackLevel: 1 as const }, true, [{ field: 'ackLevel', from: -1, to: 1 }]],
  [{ ackLevel: -1 as const }, false, []],
  [{ configs: { 'retention.ms': null } }, false, [{ field: 'configs.retention.ms', from: '1000', to: null }]],
  [
    { labels: { tier: null, team: 'x' } },
    false,
    [
      { field: 'labels.tier', from: '1', to: null },
      { field: 'labels.team', from: null, to: 'x' },
    ],
  ],
  [{ owner: 'b' }, false, [{ field: 'owner', from: 'a', to: 'b' }]],
])('a change %j: whether it promises less, and field by field', (change, weaker, changes) => {
  expect(planChange(stateOf(), topic, change)).toEqual({ version: 42, changes, weaker, problems: [] })
})

test('a change that cannot be is a plan with problems', () => {
  const plan = planChange(
    stateOf(),
    { ...topic, internal: true },
    { partitions: 0, configs: { 'retention.ms': 'soon' } },
  )
  expect(plan.problems.map(({ field }) => field)).toEqual(['name', 'partitions', 'configs.retention.ms'])
})

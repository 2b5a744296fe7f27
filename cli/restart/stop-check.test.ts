import type { PartitionView, TopicView } from '@castellan/castle/views'
import { expect, test } from 'vitest'
import { obstaclesText, obstaclesTo } from './stop-check.ts'

const whole: PartitionView = {
  ...{ partition: 0, leader: 1, leaderEpoch: 1, replicas: [1, 2, 3], isr: [1, 2, 3], elr: [] },
  ...{ adding: [], removing: [], state: 'ok', missing: [] },
}

function topic(given: Partial<PartitionView> = {}, more: Partial<TopicView> = {}): TopicView {
  return {
    ...{ name: 'orders', topicId: 'i', cluster: 'default', internal: false, partitions: [{ ...whole, ...given }] },
    ...{ replicationFactor: 3, minInsyncReplicas: 2, ackLevel: -1, configs: {}, description: '', owner: '' },
    ...{ labels: {}, createdAt: '', version: 1, losses: [], doubt: null },
    applied: { brokers: { holding: 0, all: 0 }, clients: { holding: 0, all: 0 } } as never,
    ...more,
  }
}

const behind = { isr: [1, 2], missing: [{ broker: 3, why: 'behind' as const }] }

test.each<[string, TopicView, 'may stop' | 'wait' | 'never']>([
  ['all in sync', topic(), 'may stop'],
  ['one is behind', topic(behind), 'wait'],
  ['one is down, of another partition', topic({ ...behind, replicas: [1, 3, 4], isr: [1, 4] }), 'wait'],
  ['nobody leads', topic({ leader: -1 }), 'wait'],
  ['in doubt', topic({}, { doubt: { since: '', why: 'the store went back' } }), 'wait'],
  ['two replicas, min ISR 1', topic({ replicas: [1, 2], isr: [1, 2] }, { minInsyncReplicas: 1 }), 'may stop'],
  ['two replicas, min ISR 2', topic({ replicas: [1, 2], isr: [1, 2] }), 'never'],
  ['two replicas, min ISR 2, at Ack 1', topic({ replicas: [1, 2], isr: [1, 2] }, { ackLevel: 1 }), 'may stop'],
  ['the only replica', topic({ replicas: [2], isr: [2] }, { minInsyncReplicas: 1, ackLevel: 0 }), 'never'],
  ['the only replica of another broker', topic({ replicas: [1], isr: [1] }, { minInsyncReplicas: 1 }), 'may stop'],
  ['min ISR 3 of three', topic({}, { minInsyncReplicas: 3 }), 'never'],
])('broker 2: %s', (_, given, expected) => {
  const [first] = obstaclesTo(2, [given])
  expect(first === undefined ? 'may stop' : first.passes ? 'wait' : 'never').toBe(expected)
})

test('of no broker in particular: only whether all is in sync', () => {
  expect(obstaclesTo(undefined, [topic({ replicas: [2], isr: [2] })])).toEqual([])
  expect(obstaclesTo(undefined, [topic(behind)])).toMatchObject([{ passes: true }])
})

test('in one line', () => {
  const partitions = [0, 1, 2, 3, 4].map((partition) => ({ ...whole, ...behind, partition }))
  expect(obstaclesText(obstaclesTo(2, [topic({}, { partitions })]))).toBe(
    'orders/0 is not in sync: 3 behind; orders/1 is not in sync: 3 behind; orders/2 is not in sync: 3 behind; and 2 more',
  )
})

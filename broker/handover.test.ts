import type { ClusterState, PartitionState, TopicState } from '@castellan/protocol/heartbeat'
import { expect, test } from 'vitest'
import { dependentsOf } from './handover.ts'

const up = (id: number, stopping?: boolean): ClusterState['brokers'][number] => {
  const broker = { id, host: 'h', port: 1, rack: null, brokerEpoch: 1 }
  return stopping === undefined ? broker : { ...broker, stopping }
}
const one = (leader: number, isr: number[], elr?: number[]): PartitionState => {
  const partition = { leader, leaderEpoch: 1, partitionEpoch: 1, replicas: [1, 2, 3], isr }
  return elr === undefined ? partition : { ...partition, elr }
}
const topic = (...partitions: PartitionState[]): TopicState => ({
  topicId: '11111111-1111-4111-8111-111111111111',
  name: 'orders',
  deleted: false,
  internal: false,
  ackLevel: -1,
  configs: {},
  partitions,
})

const all = [up(1), up(2), up(3)]

test.each<[string, ClusterState['brokers'], PartitionState, { led: number; followed: number }]>([
  ['it leads, and another is in sync', all, one(1, [1, 2, 3]), { led: 1, followed: 0 }],
  ['it leads alone', all, one(1, [1]), { led: 0, followed: 0 }],
  ['it leads, and the other in sync is down', [up(1), up(3)], one(1, [1, 2]), { led: 0, followed: 0 }],
  ['it leads, and the other in sync stops, too', [up(1), up(2, true)], one(1, [1, 2]), { led: 0, followed: 0 }],
  ['it leads, and another is only eligible', all, one(1, [1], [2]), { led: 1, followed: 0 }],
  ['another leads, and counts on it', all, one(2, [1, 2]), { led: 0, followed: 1 }],
  ['another leads without it', all, one(2, [2, 3]), { led: 0, followed: 0 }],
  ['another that stops leads', [up(1), up(2, true), up(3)], one(2, [1, 2]), { led: 0, followed: 0 }],
  ['nobody leads', all, one(-1, [1]), { led: 0, followed: 0 }],
  ['no cluster is known', [], one(1, [1, 2, 3]), { led: 0, followed: 0 }],
])('%s', (_, brokers, partition, expected) => {
  expect(dependentsOf(1, [topic(partition)], brokers)).toEqual(expected)
})

test('partitions of all topics count', () => {
  const topics = [topic(one(1, [1, 2]), one(1, [1, 3]), one(2, [1, 2])), topic(one(3, [3, 1]))]
  expect(dependentsOf(1, topics, all)).toEqual({ led: 2, followed: 2 })
})

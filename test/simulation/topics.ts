// The topics of a run, the groups that read them, and who sends to them: each kind of promise has a topic.
import type { AckLevel } from '../checkers/index.ts'

export interface TopicPlan {
  readonly name: string
  readonly partitions: number
  readonly ackLevel: AckLevel
  readonly replicationFactor: number
  readonly configs: Readonly<Record<string, string>>
  /** What permits that acknowledged messages are given up, when all brokers of a partition lost power or nobody in sync is left. */
  readonly mayLose: 'when all lose power' | 'unclean' | 'never'
}

const replicated = { partitions: 1, replicationFactor: 3, configs: {} }

export const topicPlans: readonly TopicPlan[] = [
  { ...replicated, name: 'events', partitions: 3, ackLevel: -1, mayLose: 'when all lose power' },
  { ...replicated, name: 'quick', partitions: 2, ackLevel: 1, mayLose: 'when all lose power' },
  { ...replicated, name: 'loose', ackLevel: 0, mayLose: 'when all lose power' },
  { ...replicated, name: 'flushed', ackLevel: -1, configs: { 'flush.messages': '1' }, mayLose: 'never' },
  {
    ...replicated,
    name: 'unclean',
    ackLevel: -1,
    configs: { 'unclean.leader.election.enable': 'true' },
    mayLose: 'unclean',
  },
  { ...replicated, name: 'single', replicationFactor: 1, ackLevel: -1, mayLose: 'when all lose power' },
]

export const offsetsTopic = '__consumer_offsets'

export interface ServicePlan {
  readonly name: string
  readonly topics: readonly string[]
}

export const producers: readonly ServicePlan[] = [
  { name: 'producer-1', topics: ['events', 'events', 'flushed', 'unclean'] },
  { name: 'producer-2', topics: ['quick', 'quick', 'loose', 'single'] },
]

export const consumers: readonly (ServicePlan & { readonly group: string })[] = [
  { name: 'worker-1', group: 'workers', topics: ['events', 'flushed', 'single'] },
  { name: 'worker-2', group: 'workers', topics: ['events', 'flushed', 'single'] },
  { name: 'watcher-1', group: 'watchers', topics: ['quick', 'loose', 'unclean'] },
]

/** Reads without a group, as plain Kafka clients do. */
export const reader: ServicePlan = { name: 'reader', topics: ['events', 'quick', 'flushed'] }

export function planOf(topic: string): TopicPlan | undefined {
  return topicPlans.find(({ name }) => name === topic)
}

export function nameOf(topic: string, partition: number): string {
  return `${topic}/${partition}`
}

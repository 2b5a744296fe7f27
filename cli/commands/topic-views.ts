// A topic as people read it.
import type { TopicSummary, TopicView } from '@castellan/castle/views'
import type { Output } from '../io.ts'
import { type Cell, harmless, paint, table } from '../output/index.ts'

export function topicRow(topic: TopicSummary): Cell[] {
  const leaderless: Cell = topic.leaderless === 0 ? 0 : { text: topic.leaderless, style: 'red' }
  const { name, partitions, replicationFactor, ackLevel, owner, topicId } = topic
  return [name, partitions, replicationFactor, ackLevel, leaderless, owner === '' ? null : owner, topicId]
}

export function describedTopic(out: Output, topic: TopicView): string {
  const { applied, owner, description } = topic
  const about: [string, string][] = [
    ['Cluster', topic.cluster],
    ['Ack level', `${topic.ackLevel} (${ackLevelText(topic.ackLevel)})`],
    ['Settings', pairsText(topic.configs)],
    ['Labels', pairsText(topic.labels)],
    ['Owner', owner],
    ['Description', description],
    ['Applied by', `${appliedText(applied.brokers)} brokers, ${appliedText(applied.clients)} clients`],
  ]
  const rows = topic.partitions.map(({ partition, leader, leaderEpoch, replicas, isr }): Cell[] => [
    partition,
    leader === -1 ? { text: 'none', style: 'red' } : leader,
    leaderEpoch,
    replicas.join(','),
    isr.length < replicas.length ? { text: isr.join(','), style: 'yellow' } : isr.join(','),
  ])
  return [
    `${paint(out, 'bold', topic.name)}  ${topic.topicId}`,
    ...about.flatMap(([name, value]) => (value === '' ? [] : [`${`${name}:`.padEnd(13)}${harmless(value)}`])),
    '',
    table(out, ['PARTITION', 'LEADER', 'EPOCH', 'REPLICAS', 'ISR'], rows),
  ].join('\n')
}

export function ackLevelText(level: number): string {
  if (level === -1) return 'all in sync have a message before it counts as sent'
  return level === 1 ? 'the leader has a message before it counts as sent' : 'nobody waits: a message may be lost'
}

function appliedText({ current, senders }: TopicView['applied']['clients']): string {
  return `${current} of ${senders}`
}

function pairsText(pairs: Readonly<Record<string, string>>): string {
  return Object.entries(pairs)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}

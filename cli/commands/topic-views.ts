// A topic as people read it.
import type { TopicSummary, TopicView } from '@castellan/castle/views'
import type { Output } from '../io.ts'
import { ageText, bytesText, type Cell, counted, harmless, paint, table } from '../output/index.ts'

/** Where the logs of a partition end, as its brokers say; null: they do not. */
export interface Ends {
  readonly partition: number
  readonly start: number | null
  /** The high watermark. */
  readonly end: number | null
  /** The log end offset of each replica, and the bytes of its segments. */
  readonly replicas: readonly { readonly broker: number; readonly end: number | null; readonly bytes: number | null }[]
}

type PartitionView = TopicView['partitions'][number]
type Partition = PartitionView & { readonly offsets: Ends | null }
export type TopicWithEnds = Omit<TopicView, 'partitions'> & { readonly partitions: readonly Partition[] }

export function withEnds(topic: TopicView, items: readonly Ends[]): TopicWithEnds {
  const known = new Map(items.map((item) => [item.partition, item]))
  return {
    ...topic,
    partitions: topic.partitions.map((each) => ({ ...each, offsets: known.get(each.partition) ?? null })),
  }
}

export function topicRow(topic: TopicSummary): Cell[] {
  const { name, partitions, replicationFactor, ackLevel, owner, topicId } = topic
  return [name, stateCell(topic), partitions, replicationFactor, ackLevel, owner === '' ? null : owner, topicId]
}

function stateCell({ leaderless, belowMinIsr, underReplicated, losses }: TopicSummary): Cell {
  const said = [
    ...(leaderless > 0 ? [`${leaderless} offline`] : []),
    ...(belowMinIsr > 0 ? [`${belowMinIsr} below min ISR`] : []),
    ...(underReplicated > 0 ? [`${underReplicated} under-replicated`] : []),
    ...(losses > 0 ? [counted(losses, 'lossy election')] : []),
  ]
  if (said.length === 0) return { text: 'ok', style: 'green' }
  return { text: said.join(', '), style: leaderless + belowMinIsr + losses > 0 ? 'red' : 'yellow' }
}

const headings = [
  'PARTITION',
  'STATE',
  'WHY',
  'LEADER',
  'EPOCH',
  'REPLICAS',
  'ISR',
  'ELR',
  'START',
  'HW',
  'LEO',
  'SIZE',
]

export function describedTopic(out: Output, topic: TopicWithEnds): string {
  const { applied, owner, description, minInsyncReplicas, doubt, losses } = topic
  const about: [string, string][] = [
    ['Cluster', topic.cluster],
    ['Ack level', `${topic.ackLevel} (${ackLevelText(topic.ackLevel)})`],
    ['Replicas', `${topic.replicationFactor}, at least ${minInsyncReplicas} in sync for Ack -1`],
    ['Settings', pairsText(topic.configs)],
    ['Labels', pairsText(topic.labels)],
    ['Owner', owner],
    ['Description', description],
    ['Applied by', `${appliedText(applied.brokers)} brokers, ${appliedText(applied.clients)} clients`],
    ['In doubt', doubt === null ? '' : `since ${doubt.since}: ${doubt.why}`],
  ]
  return [
    `${paint(out, 'bold', topic.name)}  ${topic.topicId}`,
    ...about.flatMap(([name, value]) => (value === '' ? [] : [`${`${name}:`.padEnd(13)}${harmless(value)}`])),
    '',
    table(out, headings, topic.partitions.map(partitionRow)),
    ...(losses.length === 0 ? [] : ['', lossesText(out, topic)]),
  ].join('\n')
}

const styles = {
  ok: 'green',
  moving: 'green',
  'under-replicated': 'yellow',
  'below-min-isr': 'red',
  offline: 'red',
} as const

function partitionRow(each: Partition): Cell[] {
  const { partition, leader, leaderEpoch, replicas, isr, elr, state, offsets } = each
  return [
    partition,
    { text: state, style: styles[state] },
    whyText(each),
    leader === -1 ? { text: 'none', style: 'red' } : leader,
    leaderEpoch,
    replicas.join(','),
    isr.length < replicas.length ? { text: isr.join(','), style: 'yellow' } : isr.join(','),
    elr.length === 0 ? null : elr.join(','),
    offsets?.start ?? null,
    offsets?.end ?? null,
    leoText(each),
    sizeText(each),
  ]
}

const reasons = {
  down: 'down',
  full: 'has a full disk',
  stopping: 'stopping',
  faulty: 'damaged',
  behind: 'catching up',
  joining: 'copying, to join',
} as const satisfies Record<PartitionView['missing'][number]['why'], string>

function whyText({ missing }: PartitionView): string | null {
  if (missing.length === 0) return null
  return missing.map(({ broker, why }) => `${broker} ${reasons[why]}`).join('; ')
}

/** The leader's end, then what each replica that has less lacks: `500 (3: -120)`. */
function leoText({ leader, offsets }: Partition): string | null {
  const ends = offsets?.replicas ?? []
  const end = ends.find(({ broker }) => broker === leader)?.end ?? null
  const others = ends.flatMap(({ broker, end: own }) => {
    if (broker === leader || (own !== null && end !== null && own >= end)) return []
    return [`${broker}: ${own === null ? '?' : end === null ? own : own - end}`]
  })
  if (end === null && others.length === 0) return null
  return `${end ?? '?'}${others.length === 0 ? '' : ` (${others.join(', ')})`}`
}

/** Of each replica, in their order; once, where all have the same. */
function sizeText({ replicas, offsets }: Partition): string | null {
  const bytesOf = (id: number) => offsets?.replicas.find(({ broker }) => broker === id)?.bytes ?? null
  const texts = replicas.map((id) => {
    const bytes = bytesOf(id)
    return bytes === null ? '?' : bytesText(bytes)
  })
  if (texts.every((text) => text === '?')) return null
  return new Set(texts).size === 1 ? (texts[0] ?? null) : texts.join(', ')
}

function lossesText(out: Output, { losses }: TopicWithEnds): string {
  const rows = losses.map(({ at, partition, from, to, leaderEpoch, messagesMax }): Cell[] => {
    const lost = messagesMax === null ? 'not known' : `at most ${messagesMax}`
    return [partition, ageText(Date.now() - Date.parse(at)), from.join(','), to, leaderEpoch, lost]
  })
  const heading = 'Elections in which acknowledged messages may have been lost:'
  const columns = ['PARTITION', 'AGO', 'PASSED OVER', 'LEADER', 'EPOCH', 'MESSAGES LOST']
  return `${paint(out, 'red', heading)}\n${table(out, columns, rows)}`
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

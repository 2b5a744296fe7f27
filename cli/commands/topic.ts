// `castellan topic ...`: topics, through Castle's HTTP API.
import { apiOf, castleOption } from '../castle-api.ts'
import type { Argument, Command, Input, Option } from '../command.ts'
import { UsageError } from '../errors.ts'
import { jsonOption, print, table } from '../output.ts'

interface Topic {
  name: string
  topicId: string
  ackLevel: number
  replicationFactor?: number
  configs: Record<string, string>
  partitions: { partition: number; leader: number; leaderEpoch: number; replicas: number[]; isr: number[] }[]
}

const name: Argument = { name: 'NAME', doc: 'The name of the topic.' }
const common: readonly Option[] = [castleOption, jsonOption]
const ackLevel: Option = { name: 'ack-level', value: 'LEVEL', doc: 'When a message counts as sent: -1, 1 or 0.' }
const config: Option = {
  name: 'config',
  value: 'NAME=VALUE',
  doc: "A setting, by Kafka's name, such as retention.ms=3600000; may be repeated.",
  multiple: true,
}

export const list: Command = {
  name: 'topic list',
  summary: 'Lists all topics.',
  options: common,
  async run(input) {
    const topics = await apiOf(input).list<Omit<Topic, 'partitions'> & { partitions: unknown }>('/api/topics')
    print(input, topics, () =>
      table(
        ['TOPIC', 'PARTITIONS', 'ACK', 'ID'],
        topics.map((topic) => [topic.name, partitionCount(topic.partitions), topic.ackLevel, topic.topicId]),
      ),
    )
  },
}

export const create: Command = {
  name: 'topic create',
  summary: 'Makes a topic.',
  args: [name],
  options: [
    { name: 'partitions', value: 'N', doc: 'How many partitions.', default: '6' },
    { name: 'replication-factor', value: 'N', doc: 'Copies of each partition.', default: '1' },
    { ...ackLevel, default: '-1' },
    config,
    ...common,
  ],
  async run(input) {
    const topic = await apiOf(input).post<Topic>('/api/topics', {
      name: input.args[0],
      partitions: input.integer('partitions', 1, 10_000),
      replicationFactor: input.integer('replication-factor', 1, 100),
      ackLevel: ackLevelOf(input),
      configs: configsOf(input),
    })
    print(input, topic, () => `Topic ${topic.name} is made (${topic.topicId}).`)
  },
}

export const describe: Command = {
  name: 'topic describe',
  summary: 'Shows a topic, its settings, and who leads its partitions.',
  args: [name],
  options: common,
  async run(input) {
    const topic = await apiOf(input).get<Topic>(pathOf(input))
    print(input, topic, () => described(topic))
  },
}

export const change: Command = {
  name: 'topic change',
  summary: 'Changes what running clients follow at once: the ack level and the settings.',
  args: [name],
  options: [ackLevel, config, ...common],
  async run(input) {
    const level = ackLevelOf(input)
    const configs = configsOf(input)
    if (level === undefined && Object.keys(configs).length === 0) {
      throw new UsageError('Say what to change: --ack-level LEVEL or --config NAME=VALUE.')
    }
    const body = { ...(level === undefined ? {} : { ackLevel: level }), configs }
    const topic = await apiOf(input).patch<Topic>(pathOf(input), body)
    print(input, topic, () => described(topic))
  },
}

export const remove: Command = {
  name: 'topic delete',
  summary: 'Deletes a topic with all its messages; there is no way back.',
  args: [name],
  options: common,
  async run(input) {
    await apiOf(input).delete(pathOf(input))
    print(input, { deleted: input.args[0] }, () => `Topic ${input.args[0]} is deleted.`)
  },
}

function pathOf(input: Input): string {
  return `/api/topics/${encodeURIComponent(input.args[0] ?? '')}`
}

function ackLevelOf(input: Input): number | undefined {
  const word = input.oneOf('ack-level', ['-1', '1', '0'])
  return word === undefined ? undefined : Number(word)
}

function configsOf(input: Input): Record<string, string> {
  const configs: Record<string, string> = {}
  for (const text of input.all('config')) {
    const at = text.indexOf('=')
    if (at <= 0) throw new UsageError(`--config is '${text}', but must be NAME=VALUE, such as retention.ms=3600000.`)
    configs[text.slice(0, at)] = text.slice(at + 1)
  }
  return configs
}

function partitionCount(partitions: unknown): number | undefined {
  if (Array.isArray(partitions)) return partitions.length
  return typeof partitions === 'number' ? partitions : undefined
}

function described(topic: Topic): string {
  const settings = Object.entries(topic.configs).map(([setting, value]) => `${setting}=${value}`)
  const rows = topic.partitions.map(({ partition, leader, leaderEpoch, replicas, isr }) => [
    partition,
    leader,
    leaderEpoch,
    replicas.join(','),
    isr.join(','),
  ])
  return [
    `${topic.name}  ${topic.topicId}  ack level ${topic.ackLevel}  ${settings.join(' ')}`.trimEnd(),
    table(['PARTITION', 'LEADER', 'EPOCH', 'REPLICAS', 'ISR'], rows),
  ].join('\n')
}

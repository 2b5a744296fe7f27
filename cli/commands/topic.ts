// `castellan topic ...`: topics, through Castle's HTTP API.
import type { TopicSummary, TopicView } from '@castellan/castle/views'
import { apiOf, castleOption, clusterOption } from '../castle-api.ts'
import type { Argument, Command, Input, Option } from '../command.ts'
import { confirm, dryRunOption, reasonOption, yesOption } from '../confirm.ts'
import { type Outcome, UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import { jsonOption, print, table } from '../output/index.ts'
import {
  type CreatePlan,
  changePreview,
  createPreview,
  type DeletePlan,
  deletePreview,
  type TopicPlan,
} from './topic-plans.ts'
import { describedTopic, type Ends, topicRow, withEnds } from './topic-views.ts'

const name: Argument = { name: 'NAME', doc: 'The name of the topic.' }
export const existing: Argument = { ...name, named: 'topics' }
export const common: readonly Option[] = [clusterOption, castleOption, jsonOption]
const ackLevels = ['-1', '1', '0'] as const
const ackLevel: Option = {
  name: 'ack-level',
  value: 'LEVEL',
  doc: 'Who must have a message before it counts as sent: -1 all in sync, 1 the leader, 0 nobody.',
  values: ackLevels,
}
const pairs = (option: string, doc: string): Option => ({ name: option, value: 'NAME=VALUE', doc, multiple: true })
const config = pairs('config', "A setting, by Kafka's name, such as retention.ms=3600000; may be repeated.")
const about: readonly Option[] = [
  pairs('label', 'A label; may be repeated.'),
  { name: 'owner', value: 'TEXT', doc: 'Who answers for the topic.', mayBeEmpty: true },
  { name: 'description', value: 'TEXT', doc: 'What it is for.', mayBeEmpty: true },
]

export const list: Command = {
  name: 'topic list',
  summary: 'Lists all topics.',
  options: [{ ...clusterOption, doc: 'Only those of this cluster.' }, castleOption, jsonOption],
  examples: [{ words: 'topic list', doc: 'all topics' }],
  async run(input, io) {
    const topics = await apiOf(input).list<TopicSummary>('/api/topics', { cluster: input.text('cluster') })
    return await print(input, io, topics, () =>
      table(io.stdout, ['TOPIC', 'STATE', 'PARTITIONS', 'REPLICAS', 'ACK', 'OWNER', 'ID'], topics.map(topicRow)),
    )
  },
}

export const create: Command = {
  name: 'topic create',
  summary: 'Makes a topic.',
  args: [name],
  options: [
    { name: 'partitions', value: 'N', doc: 'How many partitions.', default: '6' },
    {
      name: 'replication-factor',
      value: 'N',
      doc: 'Copies of each partition. Not given: 3, or as many as there are brokers.',
    },
    { ...ackLevel, default: '-1' },
    config,
    ...about,
    dryRunOption,
    reasonOption,
    ...common,
  ],
  examples: [
    { words: 'topic create orders --partitions 6', doc: 'six partitions, acknowledged by all replicas in sync' },
    {
      words: 'topic create clicks --ack-level 1 --config retention.ms=3600000 --owner web',
      doc: 'faster and short-lived',
    },
    { words: 'topic create bills --partitions 3 --dry-run', doc: 'only say where the partitions would be' },
  ],
  async run(input, io) {
    const body = {
      name: input.arg(0),
      ...given('cluster', input.text('cluster')),
      partitions: input.integer('partitions', 1, 10_000),
      replicationFactor: input.integer('replication-factor', 1, 100),
      ...given('ackLevel', ackLevelOf(input)),
      configs: pairsOf(input, 'config'),
      labels: pairsOf(input, 'label'),
      ...given('owner', input.text('owner')),
      ...given('description', input.text('description')),
    }
    if (input.isSet('dry-run')) return await createDryRun(input, io, body)
    const topic = await apiOf(input).post<TopicView>('/api/topics', body, { query: { reason: input.text('reason') } })
    return await print(input, io, topic, () => `Topic ${topic.name} is made (${topic.topicId}).`)
  },
}

async function createDryRun(input: Input, io: Io, body: object): Promise<Outcome> {
  const plan = await apiOf(input).post<CreatePlan>('/api/topics', body, { query: { dryRun: true } })
  await print(input, io, plan, () => createPreview(io.stdout, input.arg(0), plan))
  return plan.valid ? 'done' : 'refused'
}

export const describe: Command = {
  name: 'topic describe',
  summary:
    'Shows a topic, its settings, and of each partition how safe it is and why, who leads, who is in sync, and where the logs end.',
  args: [existing],
  options: common,
  examples: [{ words: 'topic describe orders', doc: 'settings, partitions, who has heard of the newest version' }],
  async run(input, io) {
    const api = apiOf(input)
    const cluster = input.text('cluster')
    const [topic, { items }] = await Promise.all([
      api.get<TopicView>(pathOf(input), { cluster }),
      api.get<{ items: readonly Ends[] }>(`${pathOf(input)}/offsets`, { cluster }),
    ])
    const found = withEnds(topic, items)
    return await print(input, io, found, () => describedTopic(io.stdout, found))
  },
}

export const change: Command = {
  name: 'topic change',
  summary: 'Changes a topic. Running clients and brokers follow at once. Shows first what will change, and asks.',
  args: [existing],
  options: [
    ackLevel,
    {
      name: 'partitions',
      value: 'N',
      doc: 'So many in all: more than now, for there is no way back; keys go to other partitions then.',
    },
    config,
    { name: 'reset', value: 'NAME', doc: 'Take a setting back to its default; may be repeated.', multiple: true },
    { ...about[0]!, doc: 'Set a label; may be repeated.' },
    { name: 'remove-label', value: 'NAME', doc: 'Remove a label; may be repeated.', multiple: true },
    ...about.slice(1),
    yesOption,
    dryRunOption,
    reasonOption,
    ...common,
  ],
  examples: [
    { words: 'topic change clicks --ack-level -1 --dry-run', doc: 'what would change, and for whom' },
    { words: 'topic change clicks --ack-level -1 --reason audited --yes', doc: 'safer from now on, without asking' },
    { words: 'topic change clicks --config retention.ms=7200000 --reset max.message.bytes --yes', doc: 'settings' },
    { words: 'topic change clicks --partitions 8 --yes', doc: 'more partitions' },
  ],
  async run(input, io) {
    const body = changeOf(input)
    const cluster = input.text('cluster')
    const plan = await apiOf(input).patch<TopicPlan>(pathOf(input), body, { query: { cluster, dryRun: true } })
    const preview = changePreview(io.stderr, input.arg(0), plan)
    if (input.isSet('dry-run')) {
      await print(input, io, plan, () => changePreview(io.stdout, input.arg(0), plan))
      return plan.problems.length > 0 ? 'refused' : 'done'
    }
    if (plan.problems.length === 0 && plan.changes.length > 0) {
      const typed = plan.weaker ? { typed: input.arg(0) } : {}
      await confirm(input, io, { preview, question: `Change topic ${input.arg(0)}?`, ...typed })
    }
    const options = { query: { cluster, reason: input.text('reason') }, version: plan.version }
    const topic = await apiOf(input).patch<TopicView>(pathOf(input), body, options)
    return await print(input, io, topic, () => describedTopic(io.stdout, withEnds(topic, [])))
  },
}

export const remove: Command = {
  name: 'topic delete',
  summary:
    'Deletes a topic with all its messages; there is no way back. Shows first what is lost, and asks for the name.',
  args: [existing],
  options: [yesOption, dryRunOption, reasonOption, ...common],
  examples: [
    { words: 'topic delete clicks --dry-run', doc: 'how many messages and groups it would take with it' },
    { words: 'topic delete clicks --yes', doc: 'in a script' },
  ],
  async run(input, io) {
    const api = apiOf(input)
    const cluster = input.text('cluster')
    const plan = await api.delete<DeletePlan>(pathOf(input), { query: { cluster, dryRun: true } })
    if (input.isSet('dry-run')) return await print(input, io, plan, () => deletePreview(input.arg(0), plan))
    const question = `Delete topic ${input.arg(0)} for good?`
    await confirm(input, io, { preview: deletePreview(input.arg(0), plan), question, typed: input.arg(0) })
    await api.delete(pathOf(input), { query: { cluster, reason: input.text('reason') }, version: plan.version })
    return await print(input, io, { deleted: input.arg(0) }, () => `Topic ${input.arg(0)} is deleted.`)
  },
}

function changeOf(input: Input): object {
  const configs = { ...pairsOf(input, 'config', 'reset'), ...nulls(input.all('reset')) }
  const labels = { ...pairsOf(input, 'label', 'remove-label'), ...nulls(input.all('remove-label')) }
  const body = {
    ...given('ackLevel', ackLevelOf(input)),
    ...given('partitions', input.integer('partitions', 1, 10_000)),
    ...given('owner', input.text('owner')),
    ...given('description', input.text('description')),
    ...(Object.keys(configs).length === 0 ? {} : { configs }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
  }
  if (Object.keys(body).length > 0) return body
  throw new UsageError('Say what to change, such as --ack-level LEVEL or --config NAME=VALUE.')
}

/** Of the topic that the first argument names. */
export function pathOf(input: Input): string {
  return `/api/topics/${encodeURIComponent(input.arg(0))}`
}

function ackLevelOf(input: Input): number | undefined {
  const word = input.oneOf('ack-level', ackLevels)
  return word === undefined ? undefined : Number(word)
}

/** `removal` is the option that takes such a thing away again. */
function pairsOf(input: Input, option: 'config' | 'label', removal?: 'reset' | 'remove-label'): Record<string, string> {
  const found = new Map<string, string>()
  for (const text of input.all(option)) {
    const at = text.indexOf('=')
    if (at <= 0) throw new UsageError(`--${option} is '${text}', but must be NAME=VALUE, such as retention.ms=3600000.`)
    const key = text.slice(0, at)
    if (found.has(key)) throw new UsageError(`--${option} sets ${key} twice: give it once.`)
    if (removal !== undefined && input.all(removal).includes(key)) {
      throw new UsageError(`--${option} sets ${key}, and --${removal} takes it away: give one of them.`)
    }
    found.set(key, text.slice(at + 1))
  }
  return Object.fromEntries(found)
}

function given<T>(name: string, value: T | undefined): Record<string, T> {
  return value === undefined ? {} : { [name]: value }
}

function nulls(names: readonly string[]): Record<string, null> {
  return Object.fromEntries(names.map((each) => [each, null]))
}

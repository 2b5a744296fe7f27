// `castellan topic reassign` and `topic elect`: other replicas for a topic, and other leaders, each with its plan first.
import type { TopicView } from '@castellan/castle/views'
import { apiOf } from '../castle-api.ts'
import type { Command, Input } from '../command.ts'
import { confirm, dryRunOption, reasonOption, yesOption } from '../confirm.ts'
import { UsageError } from '../errors.ts'
import type { Output } from '../io.ts'
import { type Cell, counted, paint, print, table } from '../output/index.ts'
import { common, existing, pathOf } from './topic.ts'

interface ReassignmentPlan {
  readonly version: number
  readonly valid: boolean
  readonly problems: readonly { readonly field: string; readonly message: string }[]
  readonly partitions: readonly {
    readonly partition: number
    readonly replicas: readonly number[]
    readonly target: readonly number[]
  }[]
  readonly copies: number
}

interface ElectionPlan {
  readonly version: number
  readonly id: string
  readonly partitions: readonly {
    readonly partition: number
    readonly from: number
    readonly to: number
    readonly cutAt: number | null
    readonly messagesMax: number | null
    readonly refusal: string | null
  }[]
}

export const reassign: Command = {
  name: 'topic reassign',
  summary:
    'Gives a topic other replicas, or more, or fewer. Nobody leaves before those who come are in sync. Shows first what is copied, and asks.',
  args: [existing],
  options: [
    { name: 'replication-factor', value: 'N', doc: 'So many replicas for every partition: Castle places them.' },
    {
      name: 'replicas',
      value: 'P=IDS',
      doc: 'Of one partition: broker ids, preferred leader first, such as 0=3,1,2; may be repeated.',
      multiple: true,
    },
    { name: 'cancel', doc: 'Take back what is under way.' },
    yesOption,
    dryRunOption,
    reasonOption,
    ...common,
  ],
  examples: [
    { words: 'topic reassign clicks --replication-factor 1 --dry-run', doc: 'what would move' },
    {
      words: 'topic reassign clicks --replication-factor 3 --yes',
      doc: 'three replicas, where there was one',
      notRun: 'it needs three brokers',
    },
    {
      words: 'topic reassign clicks --replicas 0=3,1 --replicas 1=1,2 --yes',
      doc: 'these brokers for these partitions',
      notRun: 'it needs brokers of these ids',
    },
  ],
  async run(input, io) {
    const api = apiOf(input)
    const path = `${pathOf(input)}/reassignment`
    const cluster = input.text('cluster')
    const body = reassignmentOf(input)
    const plan = await api.post<ReassignmentPlan>(path, body, { query: { cluster, dryRun: true } })
    if (input.isSet('dry-run')) {
      await print(input, io, plan, () => reassignmentPreview(io.stdout, input.arg(0), plan))
      return plan.valid ? 'done' : 'refused'
    }
    if (plan.valid && plan.partitions.length > 0) {
      const preview = reassignmentPreview(io.stderr, input.arg(0), plan)
      await confirm(input, io, { preview, question: `Change the replicas of ${input.arg(0)}?` })
    }
    const options = { query: { cluster, reason: input.text('reason') }, version: plan.version }
    const topic = await api.post<TopicView>(path, body, options)
    const done = `It has begun; 'castellan topic describe ${topic.name}' shows how far it is.`
    return await print(input, io, topic, () => (plan.partitions.length === 0 ? 'Nothing changes.' : done))
  },
}

const kinds = ['preferred', 'unclean'] as const

export const elect: Command = {
  name: 'topic elect',
  summary:
    'Elects leaders: the preferred ones at once, or, where nobody in sync is left, the longest log there is (unclean), of damaged ones what is sound. Shows first who would lead and what may be lost, and asks.',
  args: [existing],
  options: [
    {
      name: 'type',
      value: 'TYPE',
      doc: 'preferred or unclean. An unclean election may lose acknowledged messages, for good.',
      values: kinds,
      default: 'preferred',
    },
    { name: 'partition', value: 'P', doc: 'Only this one; may be repeated. Else all that it helps.', multiple: true },
    yesOption,
    dryRunOption,
    reasonOption,
    ...common,
  ],
  examples: [
    { words: 'topic elect clicks --dry-run', doc: 'who would lead instead' },
    {
      words: 'topic elect clicks --type unclean --reason "broker 2 burnt"',
      doc: 'go on with what is left, once its loss has been shown',
      notRun: 'it needs a partition that nobody can lead',
    },
  ],
  async run(input, io) {
    const api = apiOf(input)
    const path = `${pathOf(input)}/election`
    const cluster = input.text('cluster')
    const type = input.oneOf('type', kinds) ?? 'preferred'
    const partitions = input.integers('partition', 0, 1_000_000)
    const body = { type, ...(partitions.length === 0 ? {} : { partitions }) }
    const plan = await api.post<ElectionPlan>(path, body, { query: { cluster, dryRun: true } })
    const isPossible = plan.partitions.some(({ to }) => to !== -1)
    if (input.isSet('dry-run')) {
      await print(input, io, plan, () => electionPreview(io.stdout, input.arg(0), plan))
      return isPossible || plan.partitions.length === 0 ? 'done' : 'refused'
    }
    if (plan.partitions.length === 0)
      return await print(input, io, { elected: 0, refused: [] }, () => 'No partition needs it.')
    if (isPossible) {
      const preview = electionPreview(io.stderr, input.arg(0), plan)
      const typed = type === 'unclean' ? { typed: input.arg(0) } : {}
      await confirm(input, io, { preview, question: `Elect leaders of ${input.arg(0)}?`, ...typed })
    }
    const options = { query: { cluster, reason: input.text('reason') }, version: plan.version }
    const shown = { ...body, plan: plan.id }
    const done = await api.post<{ elected: number; refused: readonly object[] }>(path, shown, options)
    const refused = done.refused.length === 0 ? '' : ` ${counted(done.refused.length, 'partition')} could not get one.`
    return await print(input, io, done, () => `${counted(done.elected, 'leader')} elected.${refused}`)
  },
}

function reassignmentOf(input: Input): object {
  const replicationFactor = input.integer('replication-factor', 1, 100)
  const partitions = input.all('replicas').map(partitionOf)
  const ways = [
    ...(replicationFactor === undefined ? [] : [{ replicationFactor }]),
    ...(partitions.length === 0 ? [] : [{ partitions }]),
    ...(input.isSet('cancel') ? [{ cancel: true }] : []),
  ]
  const [way] = ways
  if (way !== undefined && ways.length === 1) return way
  throw new UsageError('Say one of --replication-factor N, --replicas P=IDS and --cancel.')
}

function partitionOf(text: string): { partition: number; replicas: number[] } {
  const parts = /^(\d{1,7})=(\d{1,10}(?:,\d{1,10})*)$/.exec(text)
  if (parts?.[1] === undefined || parts[2] === undefined)
    throw new UsageError(`--replicas is '${text}', but must be a partition and its brokers, such as 0=3,1,2.`)
  return { partition: Number(parts[1]), replicas: parts[2].split(',').map(Number) }
}

function reassignmentPreview(out: Output, name: string, { problems, partitions, copies }: ReassignmentPlan): string {
  if (problems.length > 0) {
    const lines = problems.map(({ field, message }) => `  ${paint(out, 'red', field)}: ${message}`)
    return [`The replicas of ${name} cannot be changed so:`, ...lines].join('\n')
  }
  if (partitions.length === 0) return `Topic ${name} has these replicas already: nothing changes.`
  const rows = partitions.map(({ partition, replicas, target }) => [partition, replicas.join(','), target.join(',')])
  return [
    `${counted(partitions.length, 'partition')} of ${name} get other replicas; ${counted(copies, 'log')} copied between brokers.`,
    table(out, ['PARTITION', 'NOW', 'THEN'], rows),
  ].join('\n')
}

function electionPreview(out: Output, name: string, { partitions }: ElectionPlan): string {
  if (partitions.length === 0) return `No partition of ${name} needs it.`
  const rows = partitions.map(({ partition, from, to, cutAt, messagesMax, refusal }): Cell[] => {
    const lost = messagesMax === null ? 'not known' : messagesMax === 0 ? 'none' : `at most ${messagesMax}`
    const loses: Cell = to === -1 ? null : messagesMax === 0 ? lost : { text: lost, style: 'red' }
    const then = cutAt === null ? to : `${to}, its damaged log cut at ${cutAt}`
    return [partition, from === -1 ? 'none' : from, to === -1 ? 'none' : then, loses, refusal]
  })
  return [`Leaders of ${name}:`, table(out, ['PARTITION', 'NOW', 'THEN', 'MESSAGES LOST', 'WHY NOT'], rows)].join('\n')
}

// `castellan group ...`: consumer groups, through Castle's HTTP API.
import { apiOf, castleOption, clusterOption } from '../castle-api.ts'
import type { Command } from '../command.ts'
import type { Output } from '../io.ts'
import { ageText, type Cell, harmless, jsonOption, paint, print, table } from '../output/index.ts'

interface GroupSummary {
  readonly group: string
  readonly cluster: string
  readonly coordinator: number
  readonly members: number
  readonly topics: readonly string[]
}

interface Assigned {
  readonly topic: string | null
  readonly topicId: string
  readonly partitions: readonly number[]
}

interface StuckPartition {
  readonly topic?: string | null
  readonly topicId: string
  readonly partition: number
  readonly offset: number
  readonly sinceMs: number
  readonly attempts: number
  readonly error: string
}

interface Group extends Omit<GroupSummary, 'members' | 'topics'> {
  readonly groupEpoch: number | null
  readonly members: readonly {
    readonly memberId: string
    readonly target: readonly Assigned[]
    readonly client: { readonly service: string; readonly host: string; readonly assigned: readonly Assigned[] } | null
  }[]
  readonly offsets: readonly {
    readonly topic: string
    readonly partition: number
    readonly committed: number
    readonly end: number | null
    readonly lag: number | null
  }[]
  readonly offsetsProblem: string | null
  readonly stuck?: readonly StuckPartition[]
}

const options = [clusterOption, castleOption, jsonOption]

export const list: Command = {
  name: 'group list',
  summary: 'Lists all consumer groups.',
  options: [{ ...clusterOption, doc: 'Only those of this cluster.' }, castleOption, jsonOption],
  examples: [{ words: 'group list', doc: 'all groups' }],
  async run(input, io) {
    const groups = await apiOf(input).list<GroupSummary>('/api/groups', { cluster: input.text('cluster') })
    const rows = groups.map(({ group, members, coordinator, topics }): Cell[] => [
      group,
      members,
      coordinator === -1 ? { text: 'none', style: 'yellow' } : coordinator,
      topics.join(','),
    ])
    return await print(input, io, groups, () => table(io.stdout, ['GROUP', 'MEMBERS', 'COORDINATOR', 'TOPICS'], rows))
  },
}

export const describe: Command = {
  name: 'group describe',
  summary: 'Shows who processes what in a group, how far it is, and where it is stuck.',
  args: [{ name: 'NAME', doc: 'The name of the group.', named: 'groups' }],
  options,
  examples: [{ words: 'group describe readers', doc: 'members, assignment, committed offsets and lag' }],
  async run(input, io) {
    const path = `/api/groups/${encodeURIComponent(input.arg(0))}`
    const group = await apiOf(input).get<Group>(path, { cluster: input.text('cluster') })
    return await print(input, io, group, () => described(io.stdout, group))
  },
}

function described(out: Output, group: Group): string {
  const { coordinator, groupEpoch, members, offsets, offsetsProblem, stuck = [] } = group
  const memberRows = members.map(({ memberId, target, client }) => [
    memberId,
    client?.service,
    client?.host,
    shown(target),
    client === null ? null : shown(client.assigned),
  ])
  const offsetRows = offsets.map(({ topic, partition, committed, end, lag }) => [topic, partition, committed, end, lag])
  return [
    `${paint(out, 'bold', harmless(group.group))}  coordinator ${coordinator === -1 ? 'none' : coordinator}  epoch ${groupEpoch ?? '-'}`,
    table(out, ['MEMBER', 'SERVICE', 'HOST', 'TARGET', 'PROCESSES'], memberRows),
    '',
    offsetsProblem ?? table(out, ['TOPIC', 'PARTITION', 'COMMITTED', 'END', 'LAG'], offsetRows),
    ...(stuck.length === 0 ? [] : ['', stuckTable(out, stuck)]),
  ].join('\n')
}

function stuckTable(out: Output, stuck: readonly StuckPartition[]): string {
  const rows = stuck.map((each): Cell[] => [
    { text: `${each.topic ?? each.topicId}/${each.partition}`, style: 'red' },
    each.offset,
    ageText(each.sinceMs),
    each.attempts,
    each.error,
  ])
  return table(out, ['STUCK AT', 'OFFSET', 'SINCE', 'ATTEMPTS', 'ERROR'], rows)
}

/** orders/0,2 bills/1 */
function shown(assigned: readonly Assigned[]): string | null {
  const text = assigned.map(({ topic, topicId, partitions }) => `${topic ?? topicId}/${partitions.join(',')}`).join(' ')
  return text === '' ? null : text
}

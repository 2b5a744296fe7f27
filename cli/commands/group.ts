// `castellan group ...`: consumer groups, through Castle's HTTP API.
import type { GroupSummary, GroupView } from '@castellan/castle/views'
import { apiOf, castleOption, clusterOption } from '../castle-api.ts'
import type { Command } from '../command.ts'
import type { Output } from '../io.ts'
import { ageText, type Cell, harmless, jsonOption, paint, print, table } from '../output/index.ts'

type Assigned = GroupView['members'][number]['target']

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
    const group = await apiOf(input).get<GroupView>(path, { cluster: input.text('cluster') })
    return await print(input, io, group, () => described(io.stdout, group))
  },
}

function described(out: Output, group: GroupView): string {
  const { coordinator, groupEpoch, members, offsets, offsetsProblem, stuck } = group
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

function stuckTable(out: Output, stuck: GroupView['stuck']): string {
  const rows = stuck.map((each): Cell[] => [
    { text: `${each.topic ?? each.topicId}/${each.partition}`, style: 'red' },
    each.offset,
    ageText(Date.now() - Date.parse(each.since)),
    each.attempts,
    each.error,
  ])
  return table(out, ['STUCK AT', 'OFFSET', 'SINCE', 'ATTEMPTS', 'ERROR'], rows)
}

/** orders/0,2 bills/1 */
function shown(assigned: Assigned): string | null {
  const text = assigned.map(({ topic, topicId, partitions }) => `${topic ?? topicId}/${partitions.join(',')}`).join(' ')
  return text === '' ? null : text
}

// `castellan group ...`: consumer groups, through Castle's HTTP API.
import { apiOf, castleOption } from '../castle-api.ts'
import type { Command } from '../command.ts'
import { jsonOption, print, table } from '../output.ts'

interface GroupSummary {
  group: string
  cluster: string
  coordinator: number
  members: number
  topics: string[]
}

interface Assigned {
  topic: string
  partitions: number[]
}

interface Group extends Omit<GroupSummary, 'members' | 'topics'> {
  groupEpoch: number | null
  members: {
    memberId: string
    target: Assigned[]
    client: { service: string; host: string; assigned: Assigned[] } | null
  }[]
  offsets: { topic: string; partition: number; committed: number; end: number | null; lag: number | null }[]
  offsetsProblem: string | null
}

export const list: Command = {
  name: 'group list',
  summary: 'Lists all consumer groups.',
  options: [castleOption, jsonOption],
  async run(input) {
    const groups = await apiOf(input).list<GroupSummary>('/api/groups')
    print(input, groups, () =>
      table(
        ['GROUP', 'MEMBERS', 'COORDINATOR', 'TOPICS'],
        groups.map(({ group, members, coordinator, topics }) => [group, members, coordinator, topics.join(',')]),
      ),
    )
  },
}

export const describe: Command = {
  name: 'group describe',
  summary: 'Shows who processes what in a group, and how far it is.',
  args: [{ name: 'NAME', doc: 'The name of the group.' }],
  options: [castleOption, jsonOption],
  async run(input) {
    const group = await apiOf(input).get<Group>(`/api/groups/${encodeURIComponent(input.args[0] ?? '')}`)
    print(input, group, () => described(group))
  },
}

function described({ group, coordinator, groupEpoch, members, offsets, offsetsProblem }: Group): string {
  const memberRows = members.map(({ memberId, target, client }) => [
    memberId,
    client?.service,
    client?.host,
    shown(target),
    client === null ? null : shown(client.assigned),
  ])
  const offsetRows = offsets.map(({ topic, partition, committed, end, lag }) => [topic, partition, committed, end, lag])
  return [
    `${group}  coordinator ${coordinator}  epoch ${groupEpoch ?? '-'}`,
    table(['MEMBER', 'SERVICE', 'HOST', 'TARGET', 'PROCESSES'], memberRows),
    '',
    offsetsProblem ?? table(['TOPIC', 'PARTITION', 'COMMITTED', 'END', 'LAG'], offsetRows),
  ].join('\n')
}

/** orders/0,2 bills/1 */
function shown(assigned: readonly Assigned[]): string {
  return assigned.map(({ topic, partitions }) => `${topic}/${partitions.join(',')}`).join(' ') || '-'
}

// `castellan client ...`: the clients that Castle hears of; what each should hold and do beside what it says it does.
import type { ClientSummary, ClientView } from '@castellan/castle/views'
import { apiOf, castleOption } from '../castle-api.ts'
import type { Command } from '../command.ts'
import type { Output } from '../io.ts'
import { ageText, type Cell, harmless, jsonOption, paint, print, table } from '../output/index.ts'

export const list: Command = {
  name: 'client list',
  summary: 'Lists the clients that Castle hears of.',
  options: [
    { name: 'topic', value: 'NAME', doc: 'Only those that use this topic.', named: 'topics' },
    { name: 'group', value: 'NAME', doc: 'Only those in this group.', named: 'groups' },
    castleOption,
    jsonOption,
  ],
  examples: [
    { words: 'client list', doc: 'all clients' },
    { words: 'client list --topic orders', doc: 'who uses a topic' },
  ],
  async run(input, io) {
    const query = { topic: input.text('topic'), group: input.text('group') }
    const clients = await apiOf(input).list<ClientSummary>('/api/clients', query)
    return await print(input, io, clients, () =>
      table(
        io.stdout,
        ['CLIENT', 'SERVICE', 'HOST', 'PID', 'LINKED', 'BEHIND', 'TOPICS', 'GROUPS'],
        clients.map((client): Cell[] => [
          client.id,
          client.service,
          client.host,
          client.pid,
          client.linked ? 'yes' : { text: 'no', style: 'yellow' },
          client.behind === 0 ? 0 : { text: client.behind, style: 'yellow' },
          client.topics.join(','),
          client.groups.join(','),
        ]),
      ),
    )
  },
}

export const describe: Command = {
  name: 'client describe',
  summary: 'Shows what a client should hold and do beside what it says it does, and the directives given to it.',
  args: [{ name: 'ID', doc: 'The id of the client (client list shows it).', named: 'clients' }],
  options: [castleOption, jsonOption],
  examples: [
    {
      words: 'client describe 0c8f2a51-6f0e-4b0e-9a59-6a3c1f6f7a10',
      doc: 'desired beside actual',
      notRun: 'ids are made anew by each process',
    },
  ],
  async run(input, io) {
    const client = await apiOf(input).get<ClientView>(`/api/clients/${encodeURIComponent(input.arg(0))}`)
    return await print(input, io, client, () => described(io.stdout, client))
  },
}

function described(out: Output, client: ClientView): string {
  const { id, service, host, pid, release, cluster, linked, silentMs, missingTopics, groups, directives } = client
  const subjects = client.subjects.map(({ key, desired, actual }): Cell[] => [
    key,
    desired,
    actual,
    actual === desired ? { text: 'applied', style: 'green' } : { text: 'pending', style: 'yellow' },
  ])
  const processed = groups.flatMap(({ group, memberEpoch, assigned }) =>
    assigned.map(({ topic, topicId, partitions }) => [group, memberEpoch, topic ?? topicId, partitions.join(',')]),
  )
  const given = directives.map(({ kind, state, given: at, durationMs, reason }): Cell[] => [
    kind,
    { text: state, style: state === 'done' ? 'green' : 'yellow' },
    at,
    durationMs === null ? null : ageText(durationMs),
    reason,
  ])
  const section = (headings: string[], rows: Cell[][]) => (rows.length === 0 ? [] : ['', table(out, headings, rows)])
  return [
    `${paint(out, 'bold', harmless(service))}  ${harmless(`${id}  on ${host}, process ${pid}, release ${release}`)}, cluster ${cluster ?? 'none'}`,
    `${linked ? 'linked' : paint(out, 'yellow', 'not linked')}, heard ${ageText(silentMs)} ago`,
    ...(missingTopics.length === 0
      ? []
      : [paint(out, 'red', `asks for topics that do not exist: ${harmless(missingTopics.join(', '))}`)]),
    ...section(['SUBJECT', 'DESIRED', 'ACTUAL', 'STATE'], subjects),
    ...section(['GROUP', 'EPOCH', 'PROCESSES', 'PARTITIONS'], processed),
    ...section(['DIRECTIVE', 'STATE', 'GIVEN', 'TOOK', 'REASON'], given),
  ].join('\n')
}

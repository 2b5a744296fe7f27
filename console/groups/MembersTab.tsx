// Who is in a group: what Castle wants each member to process beside what it says it processes.
import { useMemo } from 'react'
import type { GroupView } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { useFormats } from '../formats/index.ts'
import { type Column, Grid } from '../grid/index.ts'
import { Tag } from '../shell/index.ts'
import { href, Link, pages } from '../url/index.ts'
import type { GroupProps } from './GroupPage.tsx'
import { isSameAssignment, rangesOf } from './lag.ts'

type Member = GroupView['members'][number]

export function MembersTab({ view, query }: GroupProps) {
  const { groups: text } = useText()
  return (
    <Grid
      label={text.tabs.members}
      columns={useColumns()}
      rows={view.members}
      keyOf={({ memberId }) => memberId}
      query={query}
      height="fit"
      sort={{ column: 'member', isDescending: false }}
      empty={<p>{text.noMembers}</p>}
    />
  )
}

const tones = { settled: 'ok', moving: 'warn', unheard: 'neutral' } as const

function stateOf({ client, target }: Member): keyof typeof tones {
  if (client === null) return 'unheard'
  return isSameAssignment(client.assigned, target) ? 'settled' : 'moving'
}

function useColumns(): readonly Column<Member>[] {
  const { columns: text, memberStates, memberHints } = useText().groups
  const formats = useFormats()
  return useMemo(
    () => [
      {
        id: 'member',
        title: text.member,
        width: 'minmax(200px, 2fr)',
        sort: ({ memberId }) => memberId,
        cell: ({ memberId }) => <span className="mono">{memberId}</span>,
      },
      {
        id: 'state',
        title: text.state,
        width: '112px',
        sort: stateOf,
        cell: (member) => {
          const state = stateOf(member)
          return (
            <Tag tone={tones[state]} state={state} title={memberHints[state]}>
              {memberStates[state]}
            </Tag>
          )
        },
      },
      {
        id: 'desired',
        title: text.desired,
        width: 'minmax(144px, 2fr)',
        sort: ({ target }) => target.reduce((sum, { partitions }) => sum + partitions.length, 0),
        cell: ({ target }) => <Assigned assigned={target} />,
      },
      {
        id: 'actual',
        title: text.actual,
        width: 'minmax(144px, 2fr)',
        cell: ({ client }) => (client === null ? '–' : <Assigned assigned={client.assigned} />),
      },
      {
        id: 'epoch',
        title: text.epoch,
        width: '72px',
        align: 'right',
        cell: ({ client }) => (client === null ? '–' : formats.id(client.memberEpoch)),
      },
      {
        id: 'client',
        title: text.client,
        width: 'minmax(200px, 2fr)',
        sort: ({ client }) => client?.id ?? '',
        cell: ({ client }) =>
          client === null ? (
            '–'
          ) : (
            <Link className="mono" to={href(pages.client, { id: client.id })}>
              {client.id}
            </Link>
          ),
      },
      {
        id: 'host',
        title: text.host,
        width: 'minmax(80px, 1fr)',
        sort: ({ client }) => client?.host ?? '',
        cell: ({ client }) => client?.host ?? '–',
      },
    ],
    [text, memberStates, memberHints, formats],
  )
}

/** `orders: 0-2, 5`. */
export function Assigned({ assigned }: { readonly assigned: Member['target'] }) {
  const { noPartitions } = useText().groups
  const words = assigned
    .filter(({ partitions }) => partitions.length > 0)
    .map(({ topic, topicId, partitions }) => `${topic ?? topicId}: ${rangesOf(partitions)}`)
    .join('; ')
  return words === '' ? <span className="quiet">{noPartitions}</span> : <span title={words}>{words}</span>
}

// Where a group stands in each partition, and who is at it: worst first.
import { useMemo } from 'react'
import type { GroupView } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { useFormats } from '../formats/index.ts'
import { type Column, Grid } from '../grid/index.ts'
import { href, Link, pages } from '../url/index.ts'
import type { GroupProps } from './GroupPage.tsx'

type Row = GroupView['offsets'][number] & {
  /** The member that it is assigned to: the client where Castle hears of one. */
  readonly owner: { readonly id: string; readonly isClient: boolean } | undefined
}

export function OffsetsTab({ view, query }: GroupProps) {
  const { groups: text } = useText()
  const rows = useMemo(() => rowsOf(view), [view])
  return (
    <Grid
      label={text.tabs.offsets}
      columns={useColumns(view.cluster)}
      rows={rows}
      keyOf={({ topic, partition }) => `${topic}/${partition}`}
      query={query}
      height="fit"
      sort={{ column: 'lag', isDescending: true }}
      empty={<p>{view.offsetsProblem === null ? text.noOffsets : text.offsetsProblem(view.offsetsProblem)}</p>}
    />
  )
}

function rowsOf({ offsets, members }: GroupView): Row[] {
  const owners = new Map<string, Row['owner']>()
  for (const { memberId, target, client } of members) {
    const owner = { id: client?.id ?? memberId, isClient: client !== null }
    for (const { topic, partitions } of target) for (const each of partitions) owners.set(`${topic}/${each}`, owner)
  }
  return offsets.map((each) => ({ ...each, owner: owners.get(`${each.topic}/${each.partition}`) }))
}

function useColumns(cluster: string): readonly Column<Row>[] {
  const { columns: text, nobody } = useText().groups
  const formats = useFormats()
  return useMemo(
    () => [
      {
        id: 'topic',
        title: text.topic,
        width: 'minmax(160px, 2fr)',
        sort: ({ topic }) => topic,
        cell: ({ topic }) => <Link to={href(pages.topic, { cluster, topic })}>{topic}</Link>,
      },
      {
        id: 'partition',
        title: text.partition,
        width: '88px',
        align: 'right',
        sort: ({ partition }) => partition,
        cell: ({ partition }) => partition,
      },
      {
        id: 'lag',
        title: text.lag,
        width: '112px',
        align: 'right',
        sort: ({ lag }) => lag ?? -1,
        cell: ({ lag }) => (lag === null ? '–' : <span data-value={lag}>{formats.count(lag)}</span>),
      },
      {
        id: 'committed',
        title: text.committed,
        width: '136px',
        align: 'right',
        sort: ({ committed }) => committed,
        cell: ({ topic, partition, committed }) => (
          <Link
            to={href(
              pages.topic,
              { cluster, topic, tab: 'messages' },
              { partition, from: committed, message: `${partition}@${committed}` },
            )}
          >
            {formats.id(committed)}
          </Link>
        ),
      },
      {
        id: 'end',
        title: text.end,
        width: '136px',
        align: 'right',
        sort: ({ end }) => end ?? -1,
        cell: ({ end }) => (end === null ? '–' : formats.id(end)),
      },
      {
        id: 'owner',
        title: text.owner,
        width: 'minmax(200px, 3fr)',
        sort: ({ owner }) => owner?.id ?? '',
        cell: ({ owner }) => {
          if (owner === undefined) return <span className="quiet">{nobody}</span>
          if (!owner.isClient) return <span className="mono">{owner.id}</span>
          return (
            <Link className="mono" to={href(pages.client, { id: owner.id })}>
              {owner.id}
            </Link>
          )
        },
      },
    ],
    [text, nobody, formats, cluster],
  )
}

// /clients?q&behind: who is connected, and who does not follow?
import { useMemo } from 'react'
import type { ClientSummary } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { Age, useFormats } from '../formats/index.ts'
import { type Column, Grid, RowCount } from '../grid/index.ts'
import { PageLayout, SearchBox, SwitchFilter, Tag } from '../shell/index.ts'
import { href, Link, pages, setQueryValues, useQueryValue } from '../url/index.ts'
import { useClients } from './api.ts'
import { isShown } from './subjects.ts'

export function ClientsPage() {
  const { clients: text, shell } = useText()
  const query = useClients()
  const [q] = useQueryValue('q')
  const [behind] = useQueryValue('behind')
  const all = query.data?.items ?? []
  const rows = all.filter((client) => isShown(client, { q, isBehindOnly: behind === '1' }))
  return (
    <PageLayout title={text.title} name={text.title} isFilled>
      <div className="filters">
        <SearchBox label={text.filter} />
        <SwitchFilter name="behind" label={text.behindOnly} />
        {query.data !== undefined && <RowCount shown={rows.length} total={all.length} />}
        {query.data?.next != null && <span className="quiet">{shell.partial(all.length)}</span>}
      </div>
      <Grid
        label={text.title}
        columns={useColumns()}
        rows={rows}
        keyOf={({ id }) => id}
        hrefOf={({ id }) => href(pages.client, { id })}
        query={query}
        sort={{ column: 'service', isDescending: false }}
        total={all.length}
        release={`${q} ${behind}`}
        empty={<p>{text.nothingYet}</p>}
        onClearFilter={() => setQueryValues({ q: '', behind: '' })}
      />
    </PageLayout>
  )
}

function useColumns(): readonly Column<ClientSummary>[] {
  const { clients: text } = useText()
  const { columns } = text
  const formats = useFormats()
  return useMemo(
    () => [
      {
        id: 'service',
        title: columns.service,
        width: 'minmax(120px, 1fr)',
        sort: ({ service }) => service,
        cell: ({ service }) => service,
      },
      {
        id: 'id',
        title: columns.id,
        width: 'minmax(240px, 3fr)',
        sort: ({ id }) => id,
        cell: ({ id }) => (
          <Link className="mono" to={href(pages.client, { id })}>
            {id}
          </Link>
        ),
      },
      {
        id: 'behind',
        title: columns.behind,
        width: '120px',
        sort: ({ behind }) => -behind,
        cell: ({ behind }) =>
          behind === 0 ? (
            <Tag tone="ok" state="follows">
              {text.follows}
            </Tag>
          ) : (
            <Tag tone="warn" state="behind">
              {text.behind(behind)}
            </Tag>
          ),
      },
      {
        id: 'link',
        title: columns.link,
        width: '88px',
        sort: ({ linked }) => Number(linked),
        cell: ({ linked }) => <LinkState linked={linked} />,
      },
      {
        id: 'host',
        title: columns.host,
        width: 'minmax(96px, 1fr)',
        sort: ({ host }) => host,
        cell: ({ host }) => host,
      },
      {
        id: 'groups',
        title: columns.groups,
        width: 'minmax(112px, 1fr)',
        sort: ({ groups }) => groups.join(', '),
        cell: ({ groups }) => groups.join(', ') || '–',
      },
      {
        id: 'topics',
        title: columns.topics,
        width: '80px',
        align: 'right',
        sort: ({ topics }) => topics.length,
        cell: ({ topics }) => <span title={topics.slice(0, 20).join('\n')}>{formats.count(topics.length)}</span>,
      },
      {
        id: 'heard',
        title: columns.heard,
        width: '112px',
        sort: ({ lastHeard }) => lastHeard,
        cell: ({ lastHeard }) => <Age at={lastHeard} />,
      },
    ],
    [columns, text, formats],
  )
}

export function LinkState({ linked }: { readonly linked: boolean }) {
  const { clients: text } = useText()
  return linked ? (
    <Tag tone="ok" state="linked">
      {text.linked}
    </Tag>
  ) : (
    <Tag tone="warn" state="unlinked">
      {text.unlinked}
    </Tag>
  )
}

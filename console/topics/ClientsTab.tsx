// Which clients of the SDK use a topic, and which of them follow its newest version.
import { useMemo } from 'react'
import type { TopicClient } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { useFormats } from '../formats/index.ts'
import { type Column, Grid } from '../grid/index.ts'
import { Tag } from '../shell/index.ts'
import { href, Link, pages } from '../url/index.ts'
import { useTopicClients } from './api.ts'
import type { TabProps } from './tabs.ts'

const tones = { applied: 'ok', pending: 'warn', offline: 'neutral' } as const

export function ClientsTab({ topic }: TabProps) {
  const { topic: text } = useText()
  const query = useTopicClients({ cluster: topic.cluster, topic: topic.name }, { pollMs: 1_000 })
  return (
    <Grid
      label={text.tabs.clients}
      columns={useColumns()}
      rows={query.data?.items ?? []}
      keyOf={({ id }) => id}
      hrefOf={({ id }) => href(pages.client, { id })}
      query={query}
      sort={{ column: 'client', isDescending: false }}
      empty={text.noClientsYet}
    />
  )
}

function useColumns(): readonly Column<TopicClient>[] {
  const { columns: text, clientStates } = useText().topic
  const formats = useFormats()
  return useMemo(
    () => [
      {
        id: 'client',
        title: text.client,
        width: 'minmax(200px, 2fr)',
        sort: ({ id }) => id,
        cell: ({ id }) => (
          <Link className="mono" to={href(pages.client, { id })}>
            {id}
          </Link>
        ),
      },
      {
        id: 'service',
        title: text.service,
        width: 'minmax(120px, 1fr)',
        sort: ({ service }) => service,
        cell: ({ service }) => service,
      },
      { id: 'host', title: text.host, width: 'minmax(120px, 1fr)', sort: ({ host }) => host, cell: ({ host }) => host },
      {
        id: 'state',
        title: text.state,
        width: '144px',
        sort: ({ state }) => state,
        cell: ({ state }) => (
          <Tag tone={tones[state]} state={state}>
            {clientStates[state]}
          </Tag>
        ),
      },
      {
        id: 'took',
        title: text.took,
        width: '96px',
        align: 'right',
        sort: ({ appliedMs }) => appliedMs ?? -1,
        cell: ({ appliedMs }) => (appliedMs === null ? '–' : formats.duration(appliedMs)),
      },
      {
        id: 'version',
        title: text.version,
        width: '144px',
        align: 'right',
        sort: ({ version }) => version ?? -1,
        cell: ({ version }) => (version === null ? '–' : formats.version(version)),
      },
    ],
    [text, clientStates, formats],
  )
}

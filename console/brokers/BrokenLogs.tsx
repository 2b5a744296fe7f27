// The logs of a broker that are not as they should be: out of use, or of topics that nobody knows.
import { useMemo } from 'react'
import type { BrokerView } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { type Column, Grid, type Loading } from '../grid/index.ts'
import { href, Link, pages } from '../url/index.ts'

interface BrokerProps {
  readonly broker: BrokerView
  readonly query: Loading
}

type Fault = BrokerView['faults'][number]

export function Faults({ broker, query }: BrokerProps) {
  const { brokers: text } = useText()
  const { columns } = text
  const shown = useMemo<readonly Column<Fault>[]>(
    () => [
      {
        id: 'topic',
        title: columns.topic,
        width: 'minmax(160px, 1fr)',
        sort: ({ topic, topicId }) => topic ?? topicId,
        cell: ({ topic, topicId }) =>
          topic === null ? (
            <span className="mono">{topicId}</span>
          ) : (
            <Link to={href(pages.topic, { cluster: broker.cluster, topic, tab: 'partitions' })}>{topic}</Link>
          ),
      },
      partitionColumn(columns.partition),
      {
        id: 'fault',
        title: columns.fault,
        width: 'minmax(240px, 3fr)',
        sort: ({ fault }) => fault,
        cell: ({ fault }) => <span title={fault}>{fault}</span>,
      },
    ],
    [columns, broker.cluster],
  )
  return (
    <Grid
      label={text.faults}
      columns={shown}
      rows={broker.faults}
      keyOf={({ topicId, partition }) => `${topicId}/${partition}`}
      query={query}
      sort={{ column: 'topic', isDescending: false }}
      empty={text.faultsNone}
      height="fit"
      sortName="faults"
    />
  )
}

type Stray = BrokerView['strays'][number]

export function Strays({ broker, query }: BrokerProps) {
  const { brokers: text } = useText()
  const { columns } = text
  const shown = useMemo<readonly Column<Stray>[]>(
    () => [
      {
        id: 'topicId',
        title: columns.topicId,
        width: 'minmax(240px, 1fr)',
        sort: ({ topicId }) => topicId,
        cell: ({ topicId }) => <span className="mono">{topicId}</span>,
      },
      partitionColumn(columns.partition),
    ],
    [columns],
  )
  return (
    <Grid
      label={text.strays}
      columns={shown}
      rows={broker.strays}
      keyOf={({ topicId, partition }) => `${topicId}/${partition}`}
      query={query}
      sort={{ column: 'topicId', isDescending: false }}
      empty={text.straysNone}
      height="fit"
      sortName="strays"
    />
  )
}

function partitionColumn<Row extends { readonly partition: number }>(title: string): Column<Row> {
  return {
    id: 'partition',
    title,
    width: '96px',
    align: 'right',
    sort: ({ partition }) => partition,
    cell: ({ partition }) => partition,
  }
}

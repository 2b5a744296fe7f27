// The rows of /topics.
import { type ReactNode, useMemo } from 'react'
import type { TopicSummary } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { Age, useFormats } from '../formats/index.ts'
import { type Column, Grid, type Loading } from '../grid/index.ts'
import { Tag } from '../shell/index.ts'
import { href, Link, pages, setQueryValues, useQueryValue } from '../url/index.ts'
import { AckTag } from './AckTag.tsx'
import { labelsOf } from './filter.ts'
import { troubleOf } from './partitions.ts'
import { Losses, NewTopicState, TopicState } from './TopicState.tsx'

interface TopicTableProps {
  readonly rows: readonly TopicSummary[]
  readonly total: number
  readonly query: Loading
  readonly release: string
  readonly empty: ReactNode
  readonly onClearFilter: () => void
}

export function TopicTable({ rows, total, query, release, empty, onClearFilter }: TopicTableProps) {
  const { topics: text } = useText()
  const [created] = useQueryValue('created')
  const columns = useColumns(created)
  const newcomer = rows.find((topic) => keyOf(topic) === created)
  return (
    <Grid
      label={text.title}
      columns={columns}
      rows={rows}
      keyOf={keyOf}
      hrefOf={addressOf}
      query={query}
      sort={{ column: 'name', isDescending: false }}
      total={total}
      release={`${release} ${newcomer === undefined ? '' : created}`}
      reveal={created}
      empty={empty}
      onClearFilter={onClearFilter}
    />
  )
}

function keyOf({ cluster, name }: TopicSummary): string {
  return `${cluster}/${name}`
}

function addressOf({ cluster, name }: TopicSummary): string {
  return href(pages.topic, { cluster, topic: name })
}

const forgetCreated = () => setQueryValues({ created: '' })

function useColumns(created: string): readonly Column<TopicSummary>[] {
  const { topics: text } = useText()
  const formats = useFormats()
  return useMemo(
    () => [
      {
        id: 'name',
        title: text.columns.name,
        width: 'minmax(160px, 3fr)',
        sort: ({ name }) => name,
        cell: (topic) => (
          <>
            <Link to={addressOf(topic)}>{topic.name}</Link> {topic.internal && <Tag>{text.internalTag}</Tag>}
          </>
        ),
      },
      {
        id: 'state',
        title: text.columns.state,
        width: 'minmax(208px, 2fr)',
        sort: (topic) => -troubleOf(topic),
        cell: (topic) =>
          keyOf(topic) === created ? (
            <NewTopicState topic={topic} onReady={forgetCreated} />
          ) : (
            <span className="tags">
              <TopicState topic={topic} />
              <Losses count={topic.losses} />
            </span>
          ),
      },
      {
        id: 'partitions',
        title: text.columns.partitions,
        width: '88px',
        align: 'right',
        sort: ({ partitions }) => partitions,
        cell: ({ partitions }) => formats.count(partitions),
      },
      {
        id: 'replicas',
        title: text.columns.replicas,
        width: '88px',
        align: 'right',
        sort: ({ replicationFactor }) => replicationFactor,
        cell: ({ replicationFactor }) => formats.count(replicationFactor),
      },
      {
        id: 'ack',
        title: text.columns.ack,
        width: 'minmax(148px, 1fr)',
        sort: ({ ackLevel }) => text.ack.short[ackLevel],
        cell: ({ ackLevel, replicationFactor }) => <AckTag level={ackLevel} replicas={replicationFactor} />,
      },
      {
        id: 'owner',
        title: text.columns.owner,
        width: 'minmax(96px, 1fr)',
        sort: ({ owner }) => owner,
        cell: ({ owner }) => owner || <span className="quiet">–</span>,
      },
      {
        id: 'labels',
        title: text.columns.labels,
        width: 'minmax(112px, 2fr)',
        cell: (topic) => (
          <span className="tags">
            {labelsOf(topic).map((label) => (
              <Tag key={label}>{label}</Tag>
            ))}
          </span>
        ),
      },
      {
        id: 'cluster',
        title: text.columns.cluster,
        width: 'minmax(88px, 1fr)',
        sort: ({ cluster }) => cluster,
        cell: ({ cluster }) => cluster,
      },
      {
        id: 'created',
        title: text.columns.created,
        width: '104px',
        align: 'right',
        sort: ({ createdAt }) => createdAt,
        cell: ({ createdAt }) => <Age at={createdAt} />,
      },
    ],
    [text, formats, created],
  )
}

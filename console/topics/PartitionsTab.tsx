// The partitions of a topic: who leads each, who is in sync, which offsets it holds.
import { Button } from 'antd'
import { useMemo } from 'react'
import type { TopicOffsets, TopicView } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { useFormats } from '../formats/index.ts'
import { type Column, Grid } from '../grid/index.ts'
import { Tag } from '../shell/index.ts'
import { href, Link, pages } from '../url/index.ts'
import { useOffsets } from './api.ts'
import type { TabProps } from './tabs.ts'

type Row = TopicView['partitions'][number] & Partial<TopicOffsets['items'][number]>

export function PartitionsTab({ topic, query }: TabProps) {
  const { topic: text } = useText()
  const offsets = useOffsets({ cluster: topic.cluster, topic: topic.name }).data
  const rows = useMemo<readonly Row[]>(() => {
    const known = new Map(offsets?.items.map((item) => [item.partition, item]))
    return topic.partitions.map((partition) => ({ ...partition, ...known.get(partition.partition) }))
  }, [topic, offsets])
  const columns = useColumns(topic.cluster)
  return (
    <>
      <div className="filters">
        {!topic.internal && (
          <>
            <Button disabled>{text.addPartitions}</Button>
            <span className="quiet">{text.partitionsFixed}</span>
          </>
        )}
        {offsets?.problem != null && <Tag tone="warn">{offsets.problem}</Tag>}
      </div>
      <Grid
        label={text.tabs.partitions}
        columns={columns}
        rows={rows}
        keyOf={({ partition }) => String(partition)}
        query={query}
        sort={{ column: 'partition', isDescending: false }}
        empty=""
      />
    </>
  )
}

function useColumns(cluster: string): readonly Column<Row>[] {
  const { columns: text, noLeader, outOfSync } = useText().topic
  const formats = useFormats()
  return useMemo(() => {
    const offset = (value: number | null | undefined) => (value == null ? '–' : formats.id(value))
    return [
      {
        id: 'partition',
        title: text.partition,
        width: '96px',
        align: 'right',
        sort: ({ partition }) => partition,
        cell: ({ partition }) => partition,
      },
      {
        id: 'leader',
        title: text.leader,
        width: 'minmax(120px, 1fr)',
        sort: ({ leader }) => leader,
        cell: ({ leader }) =>
          leader === -1 ? (
            <Tag tone="bad" state="leaderless">
              {noLeader}
            </Tag>
          ) : (
            <Link to={href(pages.broker, { cluster, id: String(leader) })}>{leader}</Link>
          ),
      },
      {
        id: 'epoch',
        title: text.epoch,
        width: '112px',
        align: 'right',
        sort: ({ leaderEpoch }) => leaderEpoch,
        cell: ({ leaderEpoch }) => leaderEpoch,
      },
      {
        id: 'replicas',
        title: text.replicas,
        width: 'minmax(112px, 1fr)',
        cell: ({ replicas }) => replicas.join(', '),
      },
      {
        id: 'isr',
        title: text.isr,
        width: 'minmax(160px, 2fr)',
        sort: ({ isr, replicas }) => isr.length - replicas.length,
        cell: ({ isr, replicas }) => (
          <>
            {isr.join(', ')} {isr.length < replicas.length && <Tag tone="warn">{outOfSync}</Tag>}
          </>
        ),
      },
      {
        id: 'start',
        title: text.start,
        width: '136px',
        align: 'right',
        sort: ({ start }) => start ?? -1,
        cell: ({ start }) => offset(start),
      },
      {
        id: 'end',
        title: text.end,
        width: '136px',
        align: 'right',
        sort: ({ end }) => end ?? -1,
        cell: ({ end }) => offset(end),
      },
      {
        id: 'held',
        title: text.held,
        width: '136px',
        align: 'right',
        sort: ({ start, end }) => (start == null || end == null ? -1 : end - start),
        cell: ({ start, end }) => (start == null || end == null ? '–' : formats.count(end - start)),
      },
    ]
  }, [text, noLeader, outOfSync, formats, cluster])
}

// Elections in which messages that had been acknowledged may have been lost (R7, R8): when, at which partition, who was passed over, and how
// many at most.
import { useMemo } from 'react'
import type { TopicView } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { useFormats } from '../formats/index.ts'
import { type Column, Grid, Panel } from '../grid/index.ts'
import { Tag } from '../shell/index.ts'
import { epochColumn, partitionColumn } from './partition-columns.tsx'
import type { TabProps } from './tabs.ts'

type Loss = TopicView['losses'][number]

export function LossesPanel({ topic, query }: TabProps) {
  const { topic: text } = useText()
  return (
    <Panel title={text.losses} flush extra={<span className="quiet">{text.lossesHint}</span>}>
      <Grid
        label={text.losses}
        columns={useColumns()}
        rows={topic.losses}
        keyOf={({ number }) => String(number)}
        query={query}
        sort={{ column: 'at', isDescending: true }}
        empty={text.noLosses}
        height="fit"
        sortName="losses"
      />
    </Panel>
  )
}

function useColumns(): readonly Column<Loss>[] {
  const { columns: text, lostMost, lostUnknown } = useText().topic
  const formats = useFormats()
  return useMemo(
    () => [
      {
        id: 'at',
        title: text.at,
        width: '176px',
        sort: ({ at }) => at,
        cell: ({ at }) => <time dateTime={at}>{formats.time(at)}</time>,
      },
      partitionColumn(text.partition, '96px'),
      { id: 'from', title: text.from, width: 'minmax(112px, 1fr)', cell: ({ from }) => from.join(', ') },
      { id: 'to', title: text.to, width: '112px', sort: ({ to }) => to, cell: ({ to }) => to },
      epochColumn(text.epoch, '112px'),
      {
        id: 'lost',
        title: text.lost,
        width: 'minmax(152px, 2fr)',
        sort: ({ messagesMax }) => messagesMax ?? Number.MAX_SAFE_INTEGER,
        cell: ({ messagesMax }) => (
          <Tag tone="bad">{messagesMax === null ? lostUnknown : lostMost(formats.count(messagesMax))}</Tag>
        ),
      },
    ],
    [text, lostMost, lostUnknown, formats],
  )
}

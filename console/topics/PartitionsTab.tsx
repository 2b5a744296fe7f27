// The partitions of a topic, live: how safe each is and why, who leads, who is in sync, and where each replica's log ends.
import { Button } from 'antd'
import { Suspense, useMemo } from 'react'
import type { TopicOffsets, TopicView } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { Grid } from '../grid/index.ts'
import { SwitchFilter, Tag } from '../shell/index.ts'
import { lazily } from '../shell/lazily.ts'
import { setQueryValues, useQueryValue } from '../url/index.ts'
import { useOffsets, useTopic } from './api.ts'
import { usePartitionColumns } from './partition-columns.tsx'
import './partitions.css'
import type { TabProps } from './tabs.ts'

export type PartitionRow = TopicView['partitions'][number] & {
  readonly offsets: TopicOffsets['items'][number] | undefined
}

const AddPartitions = lazily(async () => (await import('./AddPartitions.tsx')).AddPartitions)
const ElectLeaders = lazily(async () => (await import('./ElectLeaders.tsx')).ElectLeaders)

export function PartitionsTab({ topic, query }: TabProps) {
  const { topic: text } = useText()
  const name = { cluster: topic.cluster, topic: topic.name }
  // Why a replica is out of sync may change without the topic changing.
  useTopic(name, { pollMs: 2_000 })
  const offsets = useOffsets(name).data
  const [only] = useQueryValue('only')
  const rows = useMemo<readonly PartitionRow[]>(() => {
    const known = new Map(offsets?.items.map((item) => [item.partition, item]))
    return topic.partitions
      .filter(({ state }) => only === '' || state !== 'ok')
      .map((partition) => ({ ...partition, offsets: known.get(partition.partition) }))
  }, [topic, offsets, only])
  return (
    <>
      <div className="filters">
        <Actions topic={topic} />
        <SwitchFilter name="only" label={text.onlyTroubled} />
        {offsets?.problem != null && (
          <Tag tone="warn" title={offsets.problem}>
            {text.messagesUnknown}
          </Tag>
        )}
      </div>
      <Grid
        label={text.tabs.partitions}
        columns={usePartitionColumns(topic.cluster)}
        rows={rows}
        keyOf={({ partition }) => String(partition)}
        query={query}
        sort={{ column: 'partition', isDescending: false }}
        total={topic.partitions.length}
        release={`${only} ${topic.partitions.length}`}
        empty={text.allInSync}
        onClearFilter={() => setQueryValues({ only: '' })}
      />
    </>
  )
}

function Actions({ topic }: { readonly topic: TopicView }) {
  const { topic: text } = useText()
  const [dialog, setDialog] = useQueryValue('dialog', { push: true })
  const close = () => setDialog('')
  const isOffline = topic.partitions.some(({ leader }) => leader === -1)
  const isMoved = topic.partitions.some(({ leader, replicas, isr }) => {
    return leader !== -1 && leader !== replicas[0] && isr.includes(replicas[0] ?? -1)
  })
  return (
    <>
      {!topic.internal && <Button onClick={() => setDialog('partitions')}>{text.addPartitions}</Button>}
      {isMoved && <Button onClick={() => setDialog('elect-preferred')}>{text.electPreferred}</Button>}
      {isOffline && (
        <Button danger onClick={() => setDialog('elect-unclean')}>
          {text.electUnclean}
        </Button>
      )}
      <Suspense fallback={null}>
        {dialog === 'partitions' && !topic.internal && <AddPartitions topic={topic} onClose={close} />}
        {dialog === 'elect-preferred' && <ElectLeaders topic={topic} type="preferred" onClose={close} />}
        {dialog === 'elect-unclean' && <ElectLeaders topic={topic} type="unclean" onClose={close} />}
      </Suspense>
    </>
  )
}

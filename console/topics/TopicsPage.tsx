// /topics?q&cluster&ack&internal&troubled: which topic is unhealthy? And the way to a new one.
import { Button } from 'antd'
import { Suspense, useMemo } from 'react'
import { useText } from '../catalogue/index.ts'
import { RowCount } from '../grid/index.ts'
import { ChoiceFilter, Icon, PageLayout, SearchBox, SwitchFilter } from '../shell/index.ts'
import { lazily } from '../shell/lazily.ts'
import { setQueryValues, useQueryValue } from '../url/index.ts'
import { ackLevels } from './AckTag.tsx'
import { useClusters, useTopics } from './api.ts'
import { isShown } from './filter.ts'
import { TopicTable } from './TopicTable.tsx'

const CreateTopic = lazily(async () => (await import('./CreateTopic.tsx')).CreateTopic)

export function TopicsPage() {
  const { topics: text } = useText()
  const query = useTopics()
  const filter = useFilter()
  const [dialog, setDialog] = useQueryValue('dialog', { push: true })
  const items = query.data?.items
  const { rows, total } = useMemo(() => {
    const all = (items ?? []).filter(({ internal }) => !internal || filter.isInternalShown)
    return { rows: all.filter((topic) => isShown(topic, filter)), total: all.length }
  }, [items, filter])
  const create = (
    <Button type="primary" icon={<Icon name="plus" />} onClick={() => setDialog('create')}>
      {text.create}
    </Button>
  )
  return (
    <PageLayout title={text.title} name={text.title} actions={create} isFilled>
      <Filters>{query.data !== undefined && <RowCount shown={rows.length} total={total} />}</Filters>
      <TopicTable
        rows={rows}
        total={total}
        query={query}
        release={JSON.stringify(filter)}
        empty={
          <>
            <p>{text.nothingYet}</p>
            {create}
          </>
        }
        onClearFilter={() => setQueryValues({ q: '', cluster: '', ack: '', troubled: '' })}
      />
      {dialog === 'create' && (
        <Suspense fallback={null}>
          <CreateTopic onClose={() => setDialog('')} />
        </Suspense>
      )}
    </PageLayout>
  )
}

function useFilter() {
  const [q] = useQueryValue('q')
  const [cluster] = useQueryValue('cluster')
  const [ack] = useQueryValue('ack')
  const [internal] = useQueryValue('internal')
  const [troubled] = useQueryValue('troubled')
  return useMemo(
    () => ({ q, cluster, ack, isInternalShown: internal === '1', isTroubledOnly: troubled === '1' }),
    [q, cluster, ack, internal, troubled],
  )
}

function Filters({ children }: { readonly children: React.ReactNode }) {
  const { topics: text } = useText()
  const clusters = useClusters().data?.items ?? []
  const levels = ackLevels.map((level) => ({ value: String(level), text: text.ack.short[level] }))
  return (
    <div className="filters">
      <SearchBox label={text.filter} />
      {clusters.length > 1 && (
        <ChoiceFilter
          name="cluster"
          label={text.columns.cluster}
          options={[{ value: '', text: text.anyCluster }, ...clusters.map(({ id }) => ({ value: id, text: id }))]}
        />
      )}
      <ChoiceFilter name="ack" label={text.columns.ack} options={[{ value: '', text: text.anyAck }, ...levels]} />
      <SwitchFilter name="troubled" label={text.onlyTroubled} />
      <SwitchFilter name="internal" label={text.internal} />
      {children}
    </div>
  )
}

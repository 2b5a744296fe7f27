// /topics/:cluster/:topic/:tab: safe, consumed, by whom? What stands around the tabs.
import { Button } from 'antd'
import { Suspense } from 'react'
import { problemOf, type TopicView } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { Failure } from '../grid/index.ts'
import { PageLayout, type PageProps, Tabs, Tag } from '../shell/index.ts'
import { lazily } from '../shell/lazily.ts'
import { href, navigate, pages, useQueryValue } from '../url/index.ts'
import { AckTag } from './AckTag.tsx'
import { type TopicName, useTopic } from './api.ts'
import { countStates } from './partitions.ts'
import { TopicState } from './TopicState.tsx'
import { tabIds, tabs } from './tabs.ts'
import './topic.css'

const DeleteTopic = lazily(async () => (await import('./DeleteTopic.tsx')).DeleteTopic)

export function TopicPage({ parts }: PageProps<typeof pages.topic>) {
  const { topic: text, topics, shell } = useText()
  const { cluster, topic: name, tab: given } = parts
  const query = useTopic({ cluster, topic: name })
  const current = tabIds.find((id) => id === given) ?? 'overview'
  const { Tab, isFilled } = tabs[current]
  const isUnknown = query.error !== null && problemOf(query.error).code === 'TOPIC_UNKNOWN'
  // A topic that was deleted while one looks: what was read before is no longer true.
  const topic = isUnknown ? undefined : query.data
  return (
    <PageLayout
      name={name}
      title={<Title name={name} topic={topic} />}
      trail={[
        { text: topics.title, to: pages.topics },
        { text: cluster, to: href(pages.topics, {}, { cluster }) },
      ]}
      actions={topic !== undefined && !topic.internal && <DeleteAction topic={topic} />}
      isFilled={isFilled}
    >
      <Tabs
        label={text.tabsLabel}
        current={current}
        tabs={tabIds.map((id) => ({
          id,
          text: text.tabs[id],
          to: href(pages.topic, { cluster, topic: name, tab: id }),
        }))}
      />
      {topic === undefined && query.error !== null && <Failure query={query} />}
      {topic === undefined && query.error === null && <div className="late" role="status" aria-label={shell.loading} />}
      {topic !== undefined && (
        <Suspense fallback={null}>
          <Tab topic={topic} query={query} />
        </Suspense>
      )}
    </PageLayout>
  )
}

function Title({ name, topic }: { readonly name: string; readonly topic: TopicView | undefined }) {
  const { topics } = useText()
  return (
    <>
      {name}
      {topic?.internal && <Tag>{topics.internalTag}</Tag>}
      {topic !== undefined && <AckTag level={topic.ackLevel} replicas={topic.replicationFactor} />}
      {topic !== undefined && <TopicState topic={countStates(topic.partitions)} />}
    </>
  )
}

function DeleteAction({ topic }: { readonly topic: TopicView }) {
  const { remove } = useText().topic
  const [dialog, setDialog] = useQueryValue('dialog', { push: true })
  const name: TopicName = { cluster: topic.cluster, topic: topic.name }
  return (
    <>
      <Button danger onClick={() => setDialog('delete')}>
        {remove.action}
      </Button>
      {dialog === 'delete' && (
        <Suspense fallback={null}>
          <DeleteTopic
            name={name}
            onClose={() => setDialog('')}
            onDone={() => navigate(pages.topics, { replace: true })}
          />
        </Suspense>
      )}
    </>
  )
}

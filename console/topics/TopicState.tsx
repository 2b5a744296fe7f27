// Whether a topic takes messages: every partition has a leader, and for one that was just created, every broker knows it.
import { useEffect } from 'react'
import type { TopicSummary } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { Tag } from '../shell/index.ts'
import { useTopic } from './api.ts'

export function TopicState({ topic }: { readonly topic: Pick<TopicSummary, 'leaderless'> }) {
  const { states } = useText().topics
  if (topic.leaderless > 0)
    return (
      <Tag tone="bad" state="leaderless">
        {states.leaderless(topic.leaderless)}
      </Tag>
    )
  return (
    <Tag tone="ok" state="ready">
      {states.ready}
    </Tag>
  )
}

interface NewTopicStateProps {
  readonly topic: TopicSummary
  readonly onReady: () => void
}

/** `creating` until each broker has confirmed it. */
export function NewTopicState({ topic, onReady }: NewTopicStateProps) {
  const { states } = useText().topics
  const { data } = useTopic({ cluster: topic.cluster, topic: topic.name }, { pollMs: 200 })
  const brokers = data?.applied.brokers
  const isReady =
    brokers !== undefined && brokers.senders > 0 && brokers.current === brokers.senders && topic.leaderless === 0
  useEffect(() => {
    if (isReady) onReady()
  }, [isReady, onReady])
  if (isReady) return <TopicState topic={topic} />
  return <Tag state="creating">{states.creating}</Tag>
}

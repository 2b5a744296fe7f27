// Whether a topic is safe: the worst that is true of its partitions; and for one that was just created, whether every broker knows it.
import { useEffect } from 'react'
import type { TopicSummary } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { Tag } from '../shell/index.ts'
import { useTopic } from './api.ts'
import type { StateCounts } from './partitions.ts'

export function TopicState({ topic }: { readonly topic: StateCounts }) {
  const { states } = useText().topics
  if (topic.leaderless > 0)
    return (
      <Tag tone="bad" state="leaderless">
        {states.leaderless(topic.leaderless)}
      </Tag>
    )
  if (topic.belowMinIsr > 0)
    return (
      <Tag tone="bad" state="below-min-isr">
        {states.belowMinIsr(topic.belowMinIsr)}
      </Tag>
    )
  if (topic.underReplicated > 0)
    return (
      <Tag tone="warn" state="under-replicated">
        {states.underReplicated(topic.underReplicated)}
      </Tag>
    )
  return (
    <Tag tone="ok" state="ready">
      {states.ready}
    </Tag>
  )
}

/** How often acknowledged messages may have been lost; nothing where never. */
export function Losses({ count }: { readonly count: number }) {
  const { states } = useText().topics
  if (count === 0) return null
  return (
    <Tag tone="bad" state="losses" title={states.lossesHint}>
      {states.losses(count)}
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

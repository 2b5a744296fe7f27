// Which topics a filter shows, pure.
import type { TopicSummary } from '../api/types.ts'
import { hasWords } from '../grid/words.ts'
import { troubleOf } from './partitions.ts'

export interface TopicFilter {
  /** Words that name, owner or labels must contain, all of them. */
  readonly q: string
  readonly cluster: string
  readonly ack: string
  readonly isInternalShown: boolean
  /** Only those with a partition that is not wholly in sync, or that lost something. */
  readonly isTroubledOnly: boolean
}

export function isShown(
  topic: TopicSummary,
  { q, cluster, ack, isInternalShown, isTroubledOnly }: TopicFilter,
): boolean {
  if (topic.internal && !isInternalShown) return false
  if (cluster !== '' && topic.cluster !== cluster) return false
  if (ack !== '' && String(topic.ackLevel) !== ack) return false
  if (isTroubledOnly && troubleOf(topic) === 0 && topic.losses === 0) return false
  return hasWords([topic.name, topic.owner, ...labelsOf(topic)], q)
}

export function labelsOf({ labels }: Pick<TopicSummary, 'labels'>): string[] {
  return Object.entries(labels).map(([name, value]) => `${name}=${value}`)
}

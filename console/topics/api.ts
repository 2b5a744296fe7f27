// Topics, as Castle lists and shows them.
import {
  type ClusterView,
  type GroupSummary,
  type TopicClient,
  type TopicOffsets,
  type TopicSetting,
  type TopicSummary,
  type TopicView,
  useLive,
  useLiveList,
} from '../api/index.ts'

export interface TopicName {
  readonly cluster: string
  readonly topic: string
}

export function pathOf({ topic }: TopicName): string {
  return `/api/topics/${encodeURIComponent(topic)}`
}

export function useTopics() {
  return useLiveList<TopicSummary>({ path: '/api/topics', subjects: ['topics'] })
}

export function useClusters() {
  return useLiveList<ClusterView>({ path: '/api/clusters', subjects: ['brokers'] })
}

/** `pollMs`: while something is on its way that the stream does not tell of. */
export function useTopic(name: TopicName, { pollMs }: { pollMs?: number } = {}) {
  return useLive<TopicView>({
    path: pathOf(name),
    query: { cluster: name.cluster },
    subjects: [`topic/${name.cluster}/${name.topic}`],
    ...(pollMs === undefined ? {} : { pollMs }),
  })
}

/** Measured by the brokers, so asked again and again while it is in sight. */
export function useOffsets(name: TopicName) {
  return useLive<TopicOffsets>({
    path: `${pathOf(name)}/offsets`,
    query: { cluster: name.cluster },
    pollMs: 2_000,
  })
}

export function useTopicClients(name: TopicName, { pollMs }: { pollMs?: number } = {}) {
  return useLiveList<TopicClient>({
    path: `${pathOf(name)}/clients`,
    query: { cluster: name.cluster },
    subjects: [`topic/${name.cluster}/${name.topic}`, 'clients'],
    ...(pollMs === undefined ? {} : { pollMs }),
  })
}

export function useTopicSettings() {
  return useLive<{ items: readonly TopicSetting[] }>({ path: '/api/topic-settings', pollMs: 600_000 })
}

/** Groups with a member that reads the topic. */
export function useReaders({ cluster, topic }: TopicName) {
  const query = useLiveList<GroupSummary>({ path: '/api/groups', query: { cluster }, subjects: ['groups'] })
  const readers = (query.data?.items ?? []).filter(({ topics }) => topics.includes(topic))
  return { query, readers }
}

// What the first page shows: problems, clusters, and how far a beginner has come.
import {
  type ClusterView,
  type DecisionView,
  type ProblemView,
  type TopicSummary,
  useLive,
  useLiveList,
} from '../api/index.ts'

/** A problem may come of silence, which no event tells of: asked every 2 s besides the stream. */
export function useProblems() {
  return useLiveList<ProblemView>({ path: '/api/problems', subjects: ['problems'], pollMs: 2_000 })
}

export function useClusters() {
  return useLiveList<ClusterView>({ path: '/api/clusters', subjects: ['brokers', 'topics', 'clients'], pollMs: 2_000 })
}

/** The last few. */
export function useLatelyDecided() {
  return useLive<{ items: readonly DecisionView[] }>({
    path: '/api/decisions',
    query: { limit: 6 },
    subjects: ['decisions'],
  })
}

export interface Progress {
  /** The only topic, or undefined. */
  readonly topic: Pick<TopicSummary, 'cluster' | 'name'> | undefined
  readonly clients: number
  readonly hasMessages: boolean
}

/** How far a beginner has come; undefined: not one (any more), or nobody can tell. */
export function useProgress(clusters: readonly ClusterView[] | undefined): Progress | 'unknown' | undefined {
  const topics = clusters?.reduce((sum, cluster) => sum + cluster.topics, 0)
  const clients = clusters?.reduce((sum, cluster) => sum + cluster.clients, 0) ?? 0
  const mayBegin = topics !== undefined && topics <= 1
  const known = useLiveList<TopicSummary>({ path: '/api/topics', subjects: ['topics'], enabled: mayBegin })
  const list = known.data
  const topic = mayBegin ? list?.items.find(({ internal }) => !internal) : undefined
  const offsetsQuery = useLive<{ items: readonly { start: number | null; end: number | null }[] }>({
    path: `/api/topics/${encodeURIComponent(topic?.name ?? '')}/offsets`,
    query: { cluster: topic?.cluster },
    pollMs: 2_000,
    enabled: topic !== undefined,
  })
  const offsets = offsetsQuery.data
  if (mayBegin && (known.isPending || (topic !== undefined && offsetsQuery.isPending))) return 'unknown'
  if (!mayBegin || list === undefined || (topic !== undefined && offsets === undefined)) return undefined
  const hasMessages = offsets?.items.some(({ end }) => end !== null && end > 0) ?? false
  return topic !== undefined && clients > 0 && hasMessages ? undefined : { topic, clients, hasMessages }
}

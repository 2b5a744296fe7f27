// Clients of the SDK, as Castle hears of them; and directives to one.
import {
  type ClientSummary,
  type ClientView,
  call,
  refresh,
  type TopicSummary,
  useLive,
  useLiveList,
} from '../api/index.ts'

export type DirectiveKind = 'report' | 'reconnect'

export function useClients() {
  return useLiveList<ClientSummary>({ path: '/api/clients', subjects: ['clients'], pollMs: 2_000 })
}

function pathOf(id: string): string {
  return `/api/clients/${encodeURIComponent(id)}`
}

/** Silence is measured, so it is asked each second while the page is visible. */
export function useClient(id: string) {
  return useLive<ClientView>({ path: pathOf(id), subjects: [`client/${id}`], pollMs: 1_000 })
}

/** The names of topics by their ids: subjects name ids. */
export function useTopicNames(): ReadonlyMap<string, string> {
  const topics = useLiveList<TopicSummary>({ path: '/api/topics', subjects: ['topics'] }).data?.items ?? []
  return new Map(topics.map(({ topicId, name }) => [topicId, name]))
}

/** Rejects with an ApiError. The same `key` gives the directive once. */
export async function direct(id: string, kind: DirectiveKind, key: string): Promise<void> {
  await call({ method: 'POST', path: `${pathOf(id)}/directives`, body: { kind }, idempotencyKey: key })
  await refresh(pathOf(id))
}

// Groups, as Castle lists and shows them. Members and assignments come by the stream; offsets are the brokers', so they are polled.
import { type GroupSummary, type GroupView, useLive, useLiveList } from '../api/index.ts'

export interface GroupName {
  readonly cluster: string
  readonly group: string
}

export function useGroups() {
  return useLiveList<GroupSummary>({ path: '/api/groups', subjects: ['groups'] })
}

/** `pollMs`: how often the brokers are asked for offsets while the page is visible. */
export function useGroup({ cluster, group }: GroupName, pollMs: number) {
  return useLive<GroupView>({
    path: `/api/groups/${encodeURIComponent(group)}`,
    query: { cluster },
    subjects: [`group/${cluster}/${group}`],
    pollMs,
  })
}

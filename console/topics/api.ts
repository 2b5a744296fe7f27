// Topics, as Castle lists and shows them.
import { type TopicSummary, useLiveList } from '../api/index.ts'

export function useTopics() {
  return useLiveList<TopicSummary>({ path: '/api/topics', subjects: ['topics'] })
}

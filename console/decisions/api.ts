// Castle's decisions, newest first.
import { type DecisionView, useLiveList } from '../api/index.ts'

export function useDecisions(about: string) {
  return useLiveList<DecisionView>({ path: '/api/decisions', query: { about }, subjects: ['decisions'] })
}

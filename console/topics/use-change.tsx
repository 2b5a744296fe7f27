// What the dialogs that change a topic have in common: the call, and how its plan reads.
import type { ReactNode } from 'react'
import { type ChangePlan, refresh, type TopicView, useProblemText } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import type { Act, Words } from '../danger/index.ts'
import { pathOf } from './api.ts'

interface Change {
  readonly ackLevel?: number
  readonly partitions?: number
  readonly configs?: Readonly<Record<string, string | null>>
}

export function changeOf({ cluster, name }: TopicView, body: Change): Act {
  return { method: 'PATCH', path: pathOf({ cluster, topic: name }), query: { cluster }, body }
}

export function refreshTopics(): void {
  void refresh('/api/topics')
}

/** Who is affected, and why Castle would refuse: the same words for every change. */
export function useChangeWords() {
  const { change } = useText().topic
  const textOf = useProblemText()
  return (
    plan: ChangePlan,
    own: Pick<Words, 'sentence' | 'undo' | 'verb' | 'typed'> & { warning?: ReactNode },
  ): Words => ({
    ...own,
    sentence: plan.changes.length === 0 && plan.problems.length === 0 ? change.nothing : own.sentence,
    affected: (
      <>
        {change.clients(plan.clients.linked, plan.clients.total)}
        <br />
        {change.brokers(plan.brokers)}
      </>
    ),
    refusals: plan.problems.map(({ code, params, message }) => {
      return textOf({ status: 0, code, params, detail: message, next: '', requestId: '' }).what
    }),
  })
}

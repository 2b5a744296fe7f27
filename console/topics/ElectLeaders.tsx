// The dialog that asks Castle for an election: preferred leaders at once, or, where nobody in sync is left, the longest log there is. The
// latter may lose acknowledged messages for good, so it says how many, and wants the topic's name.
import type { ElectionPlan, TopicView } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { DangerDialog, type Words } from '../danger/index.ts'
import { pathOf } from './api.ts'
import { refreshTopics } from './use-change.tsx'

interface ElectLeadersProps {
  readonly topic: TopicView
  readonly type: 'preferred' | 'unclean'
  readonly onClose: () => void
}

const shownMax = 10

export function ElectLeaders({ topic, type, onClose }: ElectLeadersProps) {
  const { election: text } = useText().topic
  const name = { cluster: topic.cluster, topic: topic.name }
  const wordsOf = ({ partitions }: ElectionPlan): Words => {
    const elected = partitions.filter(({ to }) => to !== -1)
    const refused = partitions.filter(({ to }) => to === -1)
    const count = elected.length
    const refusals = refused.map(({ partition, refusal }) => text.refused(partition, refusal ?? '')).slice(0, shownMax)
    const isUnclean = type === 'unclean'
    const nothing = refused.length === 0 ? text.none : text.nobody
    return {
      sentence: count === 0 ? nothing : isUnclean ? text.unclean(count) : text.preferred(count),
      ...(isUnclean && count > 0 ? { warning: text.lost(lostBy(elected)) } : {}),
      affected: (
        <>
          {elected.slice(0, shownMax).map(({ partition, from, to, cutAt }) => (
            <div key={partition}>
              {text.to(partition, from, to)}
              {cutAt !== null && `; ${text.cut(cutAt)}`}
            </div>
          ))}
          {count > shownMax && '…'}
          {count > 0 && refusals.map((refusal) => <div key={refusal}>{refusal}</div>)}
        </>
      ),
      undo: isUnclean ? text.undoUnclean : text.undoPreferred,
      verb: text.verb(count),
      typed: isUnclean ? topic.name : '',
      refusals: count > 0 ? [] : refusals.length > 0 ? refusals : [nothing],
    }
  }
  return (
    <DangerDialog<ElectionPlan>
      title={text.title(topic.name)}
      act={{ method: 'POST', path: `${pathOf(name)}/election`, query: { cluster: topic.cluster }, body: { type } }}
      wordsOf={wordsOf}
      isReasonRequired={type === 'unclean'}
      onClose={onClose}
      onDone={() => {
        onClose()
        refreshTopics()
      }}
    />
  )
}

/** Null: nobody knows. */
function lostBy(elected: ElectionPlan['partitions']): number | null {
  return elected.reduce<number | null>((sum, { messagesMax }) => {
    return sum === null || messagesMax === null ? null : sum + messagesMax
  }, 0)
}

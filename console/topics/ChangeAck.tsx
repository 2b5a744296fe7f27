// The dialog that changes an ack level. A weaker one says what can be lost, and wants the topic's name.
import type { ChangePlan, TopicView } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { DangerDialog } from '../danger/index.ts'
import type { AckLevel } from './AckTag.tsx'
import { changeOf, refreshTopics, useChangeWords } from './use-change.tsx'

interface ChangeAckProps {
  readonly topic: TopicView
  readonly level: AckLevel
  readonly onClose: () => void
}

export function ChangeAck({ topic, level, onClose }: ChangeAckProps) {
  const { topics, topic: text } = useText()
  const wordsOf = useChangeWords()
  return (
    <DangerDialog<ChangePlan>
      title={text.change.title(topic.name)}
      act={changeOf(topic, { ackLevel: level })}
      wordsOf={(plan) =>
        wordsOf(plan, {
          sentence: text.change.ack(topics.ack.short[topic.ackLevel], topics.ack.short[level]),
          ...(plan.weaker
            ? { warning: `${text.change.weaker} ${topics.ack.loses(level, topic.replicationFactor)}` }
            : {}),
          undo: text.change.undo,
          verb: text.change.verbAck(level),
          typed: plan.weaker ? topic.name : '',
        })
      }
      onClose={onClose}
      onDone={() => {
        onClose()
        refreshTopics()
      }}
    />
  )
}

// The dialog that gives a topic more partitions: keys move, and there is no way back.
import { InputNumber } from 'antd'
import { useState } from 'react'
import type { ChangePlan, TopicView } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { DangerDialog } from '../danger/index.ts'
import { Field } from './Field.tsx'
import { changeOf, refreshTopics, useChangeWords } from './use-change.tsx'

export function AddPartitions({ topic, onClose }: { readonly topic: TopicView; readonly onClose: () => void }) {
  const { topic: text } = useText()
  const wordsOf = useChangeWords()
  const present = topic.partitions.length
  const [partitions, setPartitions] = useState(present + 1)
  return (
    <DangerDialog<ChangePlan>
      title={text.change.title(topic.name)}
      act={changeOf(topic, { partitions })}
      form={
        <Field label={text.partitionsTotal} hint={text.partitionsHint}>
          {(props) => (
            <InputNumber
              {...props}
              min={present + 1}
              max={10_000}
              precision={0}
              value={partitions}
              onChange={(value) => setPartitions(value ?? present + 1)}
            />
          )}
        </Field>
      }
      wordsOf={(plan) =>
        wordsOf(plan, {
          sentence: text.change.partitions(present, partitions),
          undo: text.change.undoPartitions,
          verb: text.change.verbPartitions(partitions - present),
          typed: topic.name,
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

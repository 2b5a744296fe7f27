// The dialog that gives a topic more partitions: keys move, and there is no way back.
import { Input } from 'antd'
import { useState } from 'react'
import type { ChangePlan, TopicView } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { DangerDialog } from '../danger/index.ts'
import { countOf, partitionsMax } from './counts.ts'
import { Field } from './Field.tsx'
import './form.css'
import { changeOf, refreshTopics, useChangeWords } from './use-change.tsx'

export function AddPartitions({ topic, onClose }: { readonly topic: TopicView; readonly onClose: () => void }) {
  const { topic: text } = useText()
  const wordsOf = useChangeWords()
  const present = topic.partitions.length
  const [typed, setTyped] = useState(String(present + 1))
  const count = countOf(typed, partitionsMax)
  // A number that is none is asked of nobody: the plan of what is there says that nothing would change.
  const partitions = count ?? present
  const problems = count === undefined ? [text.creation.numberWrong(partitionsMax)] : []
  return (
    <DangerDialog<ChangePlan>
      title={text.change.title(topic.name)}
      act={changeOf(topic, { partitions })}
      form={
        <Field label={text.partitionsTotal} hint={text.partitionsHint} problems={problems}>
          {(props) => (
            <Input
              {...props}
              inputMode="numeric"
              value={typed}
              autoComplete="off"
              onChange={({ target }) => setTyped(target.value)}
            />
          )}
        </Field>
      }
      wordsOf={(plan) => {
        const words = wordsOf(plan, {
          sentence: text.change.partitions(present, partitions),
          undo: text.change.undoPartitions,
          verb: text.change.verbPartitions(Math.max(0, partitions - present)),
          typed: topic.name,
        })
        return plan.changes.length === 0 && words.refusals.length === 0
          ? { ...words, refusals: [text.change.nothing] }
          : words
      }}
      onClose={onClose}
      onDone={() => {
        onClose()
        refreshTopics()
      }}
    />
  )
}

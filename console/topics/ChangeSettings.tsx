// The dialog that changes settings: the difference, line by line, as Castle would make it.
import type { ChangePlan, TopicView } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { DangerDialog } from '../danger/index.ts'
import { changeOf, refreshTopics, useChangeWords } from './use-change.tsx'

interface ChangeSettingsProps {
  readonly topic: TopicView
  readonly changes: Readonly<Record<string, string | null>>
  readonly onClose: () => void
  readonly onDone: () => void
}

export function ChangeSettings({ topic, changes, onClose, onDone }: ChangeSettingsProps) {
  const { topic: text } = useText()
  const wordsOf = useChangeWords()
  const count = Object.keys(changes).length
  return (
    <DangerDialog<ChangePlan>
      title={text.change.title(topic.name)}
      act={changeOf(topic, { configs: changes })}
      wordsOf={(plan) =>
        wordsOf(plan, {
          sentence: (
            <>
              {text.change.settings(count)}
              <Difference changes={plan.changes} />
            </>
          ),
          undo: text.change.undoSettings,
          verb: text.change.verbSettings(count),
          typed: '',
        })
      }
      onClose={onClose}
      onDone={() => {
        onDone()
        refreshTopics()
      }}
    />
  )
}

function Difference({ changes }: Pick<ChangePlan, 'changes'>) {
  const { change } = useText().topic
  return (
    <span className="difference">
      {changes.map(({ field, from, to }) => (
        <span key={field} className="mono">
          {field.replace(/^configs\./, '')}: <del>{from ?? change.byDefault}</del> → <ins>{to ?? change.byDefault}</ins>
        </span>
      ))}
    </span>
  )
}

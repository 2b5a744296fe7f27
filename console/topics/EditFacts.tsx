// The form for owner, description and labels.
import { Button, Input, Modal } from 'antd'
import { useState } from 'react'
import { call, type Problem, problemOf, type TopicView, useProblemText } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { useReturnFocus } from '../shell/dialog-focus.ts'
import { pathOf } from './api.ts'
import { Field } from './Field.tsx'
import { labelsOf } from './filter.ts'
import { labelChanges, readLabels } from './labels.ts'
import { refreshTopics } from './use-change.tsx'

export function EditFacts({ topic, onClose }: { readonly topic: TopicView; readonly onClose: () => void }) {
  const { topic: text, shell, danger } = useText()
  const textOf = useProblemText()
  useReturnFocus()
  const [owner, setOwner] = useState(topic.owner)
  const [description, setDescription] = useState(topic.description)
  const [labelText, setLabelText] = useState(() => labelsOf(topic).join('\n'))
  const [problem, setProblem] = useState<Problem>()
  const [isRunning, setRunning] = useState(false)
  const read = readLabels(labelText)
  const save = async () => {
    if ('wrong' in read) return
    setRunning(true)
    try {
      const body = { owner, description, labels: labelChanges(topic.labels, read.labels) }
      const query = { cluster: topic.cluster }
      await call({ method: 'PATCH', path: pathOf({ cluster: topic.cluster, topic: topic.name }), query, body })
      onClose()
      refreshTopics()
    } catch (error) {
      setProblem(problemOf(error))
      setRunning(false)
    }
  }
  return (
    <Modal
      open
      title={text.change.title(topic.name)}
      onCancel={onClose}
      mask={{ closable: false }}
      footer={[
        <Button key="cancel" onClick={onClose}>
          {shell.cancel}
        </Button>,
        <Button key="save" type="primary" disabled={'wrong' in read} loading={isRunning} onClick={save}>
          {text.save}
        </Button>,
      ]}
    >
      <div className="form">
        <Field label={text.owner}>
          {(props) => (
            <Input {...props} value={owner} maxLength={249} onChange={({ target }) => setOwner(target.value)} />
          )}
        </Field>
        <Field label={text.description}>
          {(props) => (
            <Input.TextArea
              {...props}
              rows={3}
              value={description}
              maxLength={2_000}
              onChange={({ target }) => setDescription(target.value)}
            />
          )}
        </Field>
        <Field
          label={text.labels}
          hint={text.labelsHint}
          problems={'wrong' in read ? [text.labelsWrong(read.wrong)] : []}
        >
          {(props) => (
            <Input.TextArea
              {...props}
              className="mono"
              rows={4}
              value={labelText}
              onChange={({ target }) => setLabelText(target.value)}
            />
          )}
        </Field>
        {problem !== undefined && (
          <p className="notice notice-bad" role="alert">
            {danger.lastFailed} {textOf(problem).what} {textOf(problem).next}
          </p>
        )}
      </div>
    </Modal>
  )
}

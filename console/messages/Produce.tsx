// Writes a message by hand, at the topic's ack level, and says where it stands. The dialog stays for the next one.
import { Button, Input, Modal } from 'antd'
import { useRef, useState } from 'react'
import {
  isUnsure,
  type Problem,
  problemOf,
  refresh,
  type TopicView,
  useProblemText,
  type WrittenMessage,
} from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { startFocus } from '../shell/dialog-focus.ts'
import { Field } from '../topics/Field.tsx'
import { Link, searchOf } from '../url/index.ts'
import { type NewMessage, type TopicName, writeMessage } from './api.ts'
import { readHeaders } from './bytes.ts'
import { isJson } from './json.ts'
import { placeText } from './range.ts'

interface ProduceProps {
  readonly topic: TopicView
  readonly onWritten: (() => void) | undefined
  readonly onClose: () => void
}

const none = { partition: '', key: '', value: '', isNull: false, headers: '' }
type Form = typeof none

function messageOf({ partition, key, value, isNull, headers }: Form): NewMessage {
  return {
    partition: partition === '' ? null : Number(partition),
    key: key === '' ? null : key,
    value: isNull ? null : value,
    headers: readHeaders(headers).headers,
  }
}

export function Produce({ topic, onWritten, onClose }: ProduceProps) {
  const { messages, shell } = useText()
  const text = messages.writing
  const [form, setForm] = useState<Form>(none)
  const { write, isRunning, written, problem } = useWrite({ cluster: topic.cluster, topic: topic.name })
  const key = useRef<HTMLInputElement>(null)
  const set = (change: Partial<Form>) => setForm((before) => ({ ...before, ...change }))
  const { wrong } = readHeaders(form.headers)
  const submit = async () => {
    if (wrong === undefined && !isRunning && (await write(messageOf(form)))) onWritten?.()
  }
  return (
    <Modal
      open
      title={text.title(topic.name)}
      width={640}
      onCancel={onClose}
      mask={{ closable: false }}
      afterOpenChange={(opened) => opened && startFocus(key.current)}
      footer={[
        <Button key="close" onClick={onClose}>
          {shell.close}
        </Button>,
        <Button key="do" type="primary" disabled={wrong !== undefined} loading={isRunning} onClick={submit}>
          {text.verb}
        </Button>,
      ]}
    >
      <div className="form">
        <div className="form-pair">
          <Field label={text.key} hint={text.keyHint}>
            {(props) => (
              <Input
                {...props}
                ref={(input) => {
                  key.current = input?.input ?? null
                }}
                className="mono"
                value={form.key}
                autoComplete="off"
                spellCheck={false}
                onChange={({ target }) => set({ key: target.value })}
                onPressEnter={submit}
              />
            )}
          </Field>
          <Field label={text.partition}>
            {({ status: _, ...props }) => (
              <select
                {...props}
                className="control"
                value={form.partition}
                onChange={({ target }) => set({ partition: target.value })}
              >
                <option value="">{text.byKey}</option>
                {topic.partitions.map(({ partition }) => (
                  <option key={partition} value={partition}>
                    {messages.partitionOf(partition)}
                  </option>
                ))}
              </select>
            )}
          </Field>
        </div>
        <Field
          label={text.value}
          hint={form.isNull || form.value === '' ? '' : isJson(form.value) ? text.json : text.noJson}
        >
          {(props) => (
            <Input.TextArea
              {...props}
              className="mono"
              rows={8}
              disabled={form.isNull}
              value={form.isNull ? '' : form.value}
              spellCheck={false}
              onChange={({ target }) => set({ value: target.value })}
            />
          )}
        </Field>
        <label className="check">
          <input type="checkbox" checked={form.isNull} onChange={({ target }) => set({ isNull: target.checked })} />
          {text.isNull}
        </label>
        <Field
          label={text.headers}
          hint={text.headersHint}
          problems={wrong === undefined ? [] : [text.headersWrong(wrong)]}
        >
          {(props) => (
            <Input.TextArea
              {...props}
              className="mono"
              rows={2}
              value={form.headers}
              spellCheck={false}
              onChange={({ target }) => set({ headers: target.value })}
            />
          )}
        </Field>
        <p className="quiet">{text.ack(topic.ackLevel)}</p>
        {written !== undefined && <Written topic={topic} written={written} />}
        {problem !== undefined && <NotWritten problem={problem} />}
      </div>
    </Modal>
  )
}

/** One key for as long as the message stays the same and nobody has answered: a second press writes no second one. */
function useWrite(name: TopicName) {
  const [keyed, setKeyed] = useState({ text: '', key: '' })
  const [isRunning, setRunning] = useState(false)
  const [written, setWritten] = useState<WrittenMessage>()
  const [problem, setProblem] = useState<Problem>()
  /** Resolves with whether it is written. */
  const write = async (message: NewMessage): Promise<boolean> => {
    const text = JSON.stringify(message)
    const key = keyed.text === text ? keyed.key : crypto.randomUUID()
    setKeyed({ text, key })
    setRunning(true)
    setProblem(undefined)
    setWritten(undefined)
    try {
      setWritten(await writeMessage(name, message, key))
      setKeyed({ text: '', key: '' })
      void refresh(`/api/topics/${encodeURIComponent(name.topic)}/offsets`)
      return true
    } catch (error) {
      const found = problemOf(error)
      if (!isUnsure(found)) setKeyed({ text: '', key: '' })
      setProblem(found)
      return false
    } finally {
      setRunning(false)
    }
  }
  return { write, isRunning, written, problem }
}

function Written({ topic, written }: { readonly topic: TopicView; readonly written: WrittenMessage }) {
  const { writing: text } = useText().messages
  const place = placeText(written)
  return (
    <p className="notice notice-ok" role="status" data-state="written" data-value={place}>
      {text.stands} {topic.name}/{place}.{' '}
      <Link
        to={window.location.pathname + searchOf({ partition: written.partition, from: written.offset, message: place })}
      >
        {text.look}
      </Link>
    </p>
  )
}

function NotWritten({ problem }: { readonly problem: Problem }) {
  const { messages, danger } = useText()
  const { what, next } = useProblemText()(problem)
  return (
    <p className={isUnsure(problem) ? 'notice notice-warn' : 'notice notice-bad'} role="alert">
      {isUnsure(problem) ? messages.writing.unsure : `${danger.lastFailed} ${what} ${next}`}
    </p>
  )
}

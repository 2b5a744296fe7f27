// The one dialog for what can hurt (console.md, "Danger"): what would happen, with numbers, from a dry run; who is affected; whether
// it can be undone; the reason; and a button that says what it does. The focus starts on Cancel. What cannot be undone wants the
// name typed. Load it lazily: the first page needs none of it.
import { Button, Input, Modal } from 'antd'
import { type ReactNode, useId, useRef, useState } from 'react'
import { type Problem, problemOf } from '../api/problem.ts'
import { useProblemText } from '../api/use-problem-text.ts'
import { useText } from '../catalogue/index.ts'
import { startFocus, useReturnFocus } from '../shell/dialog-focus.ts'
import './danger.css'
import { type Act, type Outcome, type Plan, usePlan } from './use-plan.ts'

/** What the dialog says of a plan. */
export interface Words {
  /** One sentence with numbers: what would happen. */
  readonly sentence: ReactNode
  /** Warnings of what can be lost. */
  readonly warning?: ReactNode
  readonly affected: ReactNode
  readonly undo: ReactNode
  /** On the button: verb and count. */
  readonly verb: string
  /** The name to type; '' when none is needed. */
  readonly typed: string
  /** Why Castle would refuse it; empty when it would not. */
  readonly refusals: readonly string[]
}

interface DangerDialogProps<P extends Plan> {
  readonly title: string
  readonly act: Act
  readonly wordsOf: (plan: P) => Words
  /** Fields that the act is made from, above its preview. */
  readonly form?: ReactNode
  readonly isReasonRequired?: boolean
  readonly onClose: () => void
  readonly onDone: (plan: P) => void
}

export function DangerDialog<P extends Plan>(props: DangerDialogProps<P>) {
  const { title, act, wordsOf, form, isReasonRequired = false, onClose, onDone } = props
  const { danger, shell } = useText()
  useReturnFocus()
  const { plan, outcome, run } = usePlan<P>(act)
  const [typed, setTyped] = useState('')
  const [reason, setReason] = useState('')
  const cancel = useRef<HTMLButtonElement>(null)
  const words = plan.data === undefined ? undefined : wordsOf(plan.data)
  const isNamed = words !== undefined && (words.typed === '' || typed === words.typed)
  const isReasoned = !isReasonRequired || reason.trim() !== ''
  const canDo = isNamed && isReasoned && words.refusals.length === 0 && outcome.kind !== 'running'
  const submit = async () => {
    const shown = plan.data
    if (!canDo || shown === undefined) return
    if (await run(shown, reason.trim())) onDone(shown)
  }
  return (
    <Modal
      title={title}
      open
      onCancel={onClose}
      mask={{ closable: false }}
      width={560}
      afterOpenChange={(opened) => opened && startFocus(cancel.current)}
      footer={[
        <Button key="cancel" ref={cancel} onClick={onClose}>
          {shell.cancel}
        </Button>,
        <Button key="do" type="primary" danger disabled={!canDo} loading={outcome.kind === 'running'} onClick={submit}>
          {words?.verb ?? title}
        </Button>,
      ]}
    >
      <div className="danger" data-state={outcome.kind}>
        {form}
        {plan.isPending && (
          <p className="quiet late" role="status">
            {danger.checking}
          </p>
        )}
        {plan.error !== null && <CheckFailed problem={problemOf(plan.error)} />}
        {words !== undefined && <Preview words={words} isNew={outcome.kind === 'outdated'} />}
        {words !== undefined && words.refusals.length === 0 && (
          <>
            <Field label={isReasonRequired ? danger.reasonRequired : danger.reason} hint={danger.reasonHint}>
              {(id) => (
                <Input id={id} value={reason} maxLength={500} onChange={({ target }) => setReason(target.value)} />
              )}
            </Field>
            {words.typed !== '' && (
              <Field label={danger.typeName(words.typed)}>
                {(id) => (
                  <Input
                    id={id}
                    className="mono"
                    value={typed}
                    autoComplete="off"
                    spellCheck={false}
                    onChange={({ target }) => setTyped(target.value)}
                    onPressEnter={submit}
                  />
                )}
              </Field>
            )}
          </>
        )}
        <NotDone outcome={outcome} />
      </div>
    </Modal>
  )
}

function Preview({ words, isNew }: { readonly words: Words; readonly isNew: boolean }) {
  const { danger } = useText()
  const { sentence, warning, affected, undo, refusals } = words
  return (
    <>
      {isNew && (
        <p className="danger-note" role="alert">
          {danger.changed}
        </p>
      )}
      <p className="danger-sentence">{sentence}</p>
      {warning !== undefined && <p className="danger-warning">{warning}</p>}
      {refusals.length > 0 && (
        <div className="danger-refusals" role="alert">
          <p>{danger.refused}</p>
          <ul>
            {refusals.map((refusal) => (
              <li key={refusal}>{refusal}</li>
            ))}
          </ul>
        </div>
      )}
      <dl className="facts">
        <dt>{danger.affected}</dt>
        <dd>{affected}</dd>
        <dt>{danger.undo}</dt>
        <dd>{undo}</dd>
      </dl>
    </>
  )
}

interface FieldProps {
  readonly label: string
  readonly hint?: string
  readonly children: (id: string) => ReactNode
}

function Field({ label, hint, children }: FieldProps) {
  const id = useId()
  return (
    <div className="danger-field">
      <label htmlFor={id}>{label}</label>
      {children(id)}
      {hint !== undefined && <span className="quiet">{hint}</span>}
    </div>
  )
}

function CheckFailed({ problem }: { readonly problem: Problem }) {
  const { danger } = useText()
  const { what, next } = useProblemText()(problem)
  return (
    <p className="danger-refusals" role="alert">
      {danger.checkFailed} {what} {next}
    </p>
  )
}

function NotDone({ outcome }: { readonly outcome: Outcome }) {
  const { danger } = useText()
  const textOf = useProblemText()
  if (outcome.kind === 'unsure') {
    return (
      <p className="danger-note" role="alert">
        {danger.unsure}
      </p>
    )
  }
  if (outcome.kind !== 'failed') return null
  const { what, next } = textOf(outcome.problem)
  return (
    <p className="danger-refusals" role="alert">
      {danger.lastFailed} {what} {next}
    </p>
  )
}

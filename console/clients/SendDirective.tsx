// Asks before a client is told to do something: what it will do, and when it hears of it. Its outcome stands in the list behind.
import { Button, Modal } from 'antd'
import { useRef, useState } from 'react'
import { type ClientView, isUnsure, type Problem, problemOf, useProblemText } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import '../danger/danger.css'
import { type DirectiveKind, direct } from './api.ts'

interface SendDirectiveProps {
  readonly client: ClientView
  readonly kind: DirectiveKind
  readonly onClose: () => void
}

export function SendDirective({ client, kind, onClose }: SendDirectiveProps) {
  const { clients, danger, shell } = useText()
  const text = clients.direct
  const cancel = useRef<HTMLButtonElement>(null)
  const [key, setKey] = useState(() => crypto.randomUUID())
  const [isRunning, setRunning] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const submit = async () => {
    setRunning(true)
    try {
      await direct(client.id, kind, key)
      onClose()
    } catch (error) {
      const found = problemOf(error)
      // A refusal would be given again under its key; where nobody answered, the same key makes it one directive.
      if (!isUnsure(found)) setKey(crypto.randomUUID())
      setProblem(found)
    } finally {
      setRunning(false)
    }
  }
  return (
    <Modal
      open
      title={text.title(kind)}
      width={520}
      onCancel={onClose}
      mask={{ closable: false }}
      afterOpenChange={(opened) => opened && cancel.current?.focus()}
      footer={[
        <Button key="cancel" ref={cancel} onClick={onClose}>
          {shell.cancel}
        </Button>,
        <Button key="do" type="primary" loading={isRunning} onClick={submit}>
          {text.verb(kind)}
        </Button>,
      ]}
    >
      <div className="danger">
        <p className="danger-sentence">
          {text.what(kind)} {text.when(client.linked)}
        </p>
        <dl className="facts">
          <dt>{danger.affected}</dt>
          <dd>{text.affected(client.service, client.host)}</dd>
          <dt>{danger.undo}</dt>
          <dd>{text.undo}</dd>
        </dl>
        {problem !== undefined && <NotGiven problem={problem} />}
      </div>
    </Modal>
  )
}

function NotGiven({ problem }: { readonly problem: Problem }) {
  const { danger } = useText()
  const { what, next } = useProblemText()(problem)
  return (
    <p className={isUnsure(problem) ? 'danger-note' : 'danger-refusals'} role="alert">
      {isUnsure(problem) ? danger.unsure : `${danger.lastFailed} ${what} ${next}`}
    </p>
  )
}

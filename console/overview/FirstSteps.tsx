// The way from nothing to a first message, each step a link or a piece of code; a step that is done says so by itself.
import type { ReactNode } from 'react'
import { useText } from '../catalogue/index.ts'
import { Panel } from '../grid/index.ts'
import { CopyButton, Tag } from '../shell/index.ts'
import { href, Link, pages } from '../url/index.ts'
import type { Progress } from './api.ts'

export function FirstSteps({ progress }: { readonly progress: Progress }) {
  const { overview } = useText()
  const { steps: text } = overview
  const { topic, clients, hasMessages } = progress
  return (
    <Panel title={text.title}>
      <ol className="steps">
        <Step title={text.create} isDone={topic !== undefined} hint={text.createHint}>
          {topic === undefined ? (
            <Link className="step-link" to={href(pages.topics, {}, { dialog: 'create' })}>
              {text.create}
            </Link>
          ) : (
            <Link to={href(pages.topic, { cluster: topic.cluster, topic: topic.name })}>{topic.name}</Link>
          )}
        </Step>
        <Step title={text.connect} isDone={clients > 0} hint={text.connectHint}>
          <ConnectCode topic={topic?.name ?? 'orders'} />
          <p className="quiet" aria-live="polite">
            {clients > 0 ? text.connected(clients) : text.waiting}
          </p>
        </Step>
        <Step title={text.produce} isDone={hasMessages} hint={text.produceHint}>
          {topic === undefined ? (
            <span className="quiet">{text.needsTopic}</span>
          ) : (
            <Link
              className="step-link"
              to={href(
                pages.topic,
                { cluster: topic.cluster, topic: topic.name, tab: 'messages' },
                { dialog: hasMessages ? undefined : 'produce' },
              )}
            >
              {text.produce}
            </Link>
          )}
        </Step>
      </ol>
    </Panel>
  )
}

interface StepProps {
  readonly title: string
  readonly hint: string
  readonly isDone: boolean
  readonly children: ReactNode
}

function Step({ title, hint, isDone, children }: StepProps) {
  const { steps: text } = useText().overview
  return (
    <li className="step" data-state={isDone ? 'done' : 'open'}>
      <h3>
        {title} <Tag tone={isDone ? 'ok' : 'neutral'}>{isDone ? text.done : text.open}</Tag>
      </h3>
      <p className="quiet">{hint}</p>
      <div className="step-act">{children}</div>
    </li>
  )
}

function ConnectCode({ topic }: { readonly topic: string }) {
  const { steps: text } = useText().overview
  const code = `import { connect } from '@castellan/sdk'

const castellan = await connect({ castle: '${window.location.origin}', service: 'hello' })
await castellan.producer().send({ topic: '${topic}', key: 'k-1', value: 'hello' })

const consumer = castellan.consumer({ group: 'hello', topics: ['${topic}'] })
await consumer.run(async (message) => console.log(message.text))`
  const install = `${text.pack}
npm run pack:sdk
${text.install}
npm install CASTELLAN/dist/castellan-sdk-VERSION.tgz

`
  return (
    <div className="code">
      <pre className="mono">
        <span className="quiet">{install}</span>
        {code}
      </pre>
      <CopyButton text={code} label={text.copy} />
    </div>
  )
}

// Who owns a topic, what it is for, its labels; and the form that changes them. Nothing else depends on these, so there is no preview.
import { Button } from 'antd'
import { Suspense } from 'react'
import { useText } from '../catalogue/index.ts'
import { Moment, useFormats } from '../formats/index.ts'
import { Panel } from '../grid/index.ts'
import { Tag } from '../shell/index.ts'
import { lazily } from '../shell/lazily.ts'
import { useQueryValue } from '../url/index.ts'
import { labelsOf } from './filter.ts'
import type { TabProps } from './tabs.ts'

const EditFacts = lazily(async () => (await import('./EditFacts.tsx')).EditFacts)

export function FactsPanel({ topic, query }: TabProps) {
  const { topic: text } = useText()
  const [dialog, setDialog] = useQueryValue('dialog', { push: true })
  const formats = useFormats()
  const labels = labelsOf(topic)
  const none = <span className="quiet">{text.none}</span>
  const edit = (
    <Button size="small" onClick={() => setDialog('facts')}>
      {text.edit}
    </Button>
  )
  return (
    <Panel title={text.facts} query={query} extra={!topic.internal && edit}>
      <dl className="facts">
        <dt>{text.owner}</dt>
        <dd>{topic.owner || none}</dd>
        <dt>{text.description}</dt>
        <dd className="wrap">{topic.description || none}</dd>
        <dt>{text.labels}</dt>
        <dd className="tags wrap">
          {labels.length === 0 ? none : labels.map((label) => <Tag key={label}>{label}</Tag>)}
        </dd>
        <dt>{text.created}</dt>
        <dd>
          <Moment at={topic.createdAt} />
        </dd>
        <dt>{text.version}</dt>
        <dd className="number">{formats.version(topic.version)}</dd>
        <dt>{text.id}</dt>
        <dd className="mono wrap">{topic.topicId}</dd>
      </dl>
      {dialog === 'facts' && (
        <Suspense fallback={null}>
          <EditFacts topic={topic} onClose={() => setDialog('')} />
        </Suspense>
      )}
    </Panel>
  )
}

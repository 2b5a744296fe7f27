// The ack level of a topic, and its change (console.md, flow 2): what each level can lose, and after a change who already follows it.
import { Button } from 'antd'
import { Suspense } from 'react'
import type { TopicView } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { useFormats } from '../formats/index.ts'
import { Panel } from '../grid/index.ts'
import { Tag } from '../shell/index.ts'
import { lazily } from '../shell/lazily.ts'
import { useQueryValue } from '../url/index.ts'
import { type AckLevel, ackLevels } from './AckTag.tsx'
import { useTopic, useTopicClients } from './api.ts'
import './form.css'
import type { TabProps } from './tabs.ts'

const ChangeAck = lazily(async () => (await import('./ChangeAck.tsx')).ChangeAck)

export function AckPanel({ topic, query }: TabProps) {
  const { topic: text } = useText()
  const [dialog, setDialog] = useQueryValue('dialog', { push: true })
  const wanted = ackLevels.find((level) => dialog === `ack${level}` && level !== topic.ackLevel)
  return (
    <Panel title={text.ackTitle} query={query} extra={<Applied topic={topic} />}>
      <div className="cards">
        {ackLevels.map((level) => (
          <LevelCard key={level} level={level} topic={topic} onChange={() => setDialog(`ack${level}`)} />
        ))}
      </div>
      <p className="quiet topic-note">{text.raised}</p>
      {wanted !== undefined && (
        <Suspense fallback={null}>
          <ChangeAck topic={topic} level={wanted} onClose={() => setDialog('')} />
        </Suspense>
      )}
    </Panel>
  )
}

interface LevelCardProps {
  readonly level: AckLevel
  readonly topic: TopicView
  readonly onChange: () => void
}

function LevelCard({ level, topic, onChange }: LevelCardProps) {
  const { topics, topic: text } = useText()
  const isInForce = level === topic.ackLevel
  return (
    <div className="card card-still" data-state={isInForce ? 'chosen' : undefined}>
      <span className="card-title">
        {topics.ack.name[level]} {isInForce && <Tag tone="ok">{text.ackNow}</Tag>}
      </span>
      <span className="card-text">{topics.ack.waitsFor[level]}</span>
      <span className="card-text">{topics.ack.loses(level, topic.replicationFactor)}</span>
      {!isInForce && !topic.internal && (
        <Button size="small" className="card-action" onClick={onChange}>
          {text.ackChange(level)}
        </Button>
      )}
    </div>
  )
}

/** "12 of 12 clients in 0.4 s": while some are still to hear of the newest version, it is looked at five times a second. */
function Applied({ topic }: { readonly topic: TopicView }) {
  const { topic: text } = useText()
  const formats = useFormats()
  const { brokers, clients } = topic.applied
  const isOver = brokers.current === brokers.senders && clients.current === clients.senders
  const name = { cluster: topic.cluster, topic: topic.name }
  const pace = isOver ? {} : { pollMs: 200 }
  useTopic(name, pace)
  const items = useTopicClients(name, pace).data?.items ?? []
  const slowestMs = items.reduce((most, { appliedMs }) => Math.max(most, appliedMs ?? 0), 0)
  const isTimed = clients.senders > 0 && items.some(({ appliedMs }) => appliedMs !== null)
  return (
    <span className="applied" data-state={isOver ? 'applied' : 'pending'} aria-live="polite" title={text.applied}>
      <Tag tone={brokers.current === brokers.senders ? 'ok' : 'warn'}>
        {text.appliedBrokers(brokers.current, brokers.senders)}
      </Tag>
      {clients.senders > 0 && (
        <Tag tone={clients.current === clients.senders ? 'ok' : 'warn'}>
          {text.appliedClients(clients.current, clients.senders)}{' '}
          {isTimed && text.appliedIn(formats.duration(slowestMs))}
        </Tag>
      )}
    </span>
  )
}

// The first tab of a topic: its ack level and who knows of it, what it holds, who reads it, who owns it.
import { useText } from '../catalogue/index.ts'
import { useFormats } from '../formats/index.ts'
import { Panel } from '../grid/index.ts'
import { Tag } from '../shell/index.ts'
import { href, Link, pages } from '../url/index.ts'
import { AckPanel } from './AckPanel.tsx'
import { useOffsets, useReaders } from './api.ts'
import { FactsPanel } from './FactsPanel.tsx'
import './form.css'
import { LossesPanel } from './LossesPanel.tsx'
import { countStates } from './partitions.ts'
import type { TabProps } from './tabs.ts'

export function OverviewTab(props: TabProps) {
  return (
    <div className="topic-overview">
      <Doubt {...props} />
      <AckPanel {...props} />
      <div className="topic-columns">
        <ContentsPanel {...props} />
        <ReadersPanel {...props} />
        <FactsPanel {...props} />
      </div>
      {props.topic.losses.length > 0 && <LossesPanel {...props} />}
    </div>
  )
}

/** Its store went back in time (R14). */
function Doubt({ topic: { doubt } }: TabProps) {
  const { topic: text } = useText()
  const formats = useFormats()
  if (doubt === null) return null
  return (
    <p className="notice notice-warn" role="alert" data-state="doubt">
      {text.doubt(formats.time(doubt.since))}
    </p>
  )
}

function ContentsPanel({ topic, query }: TabProps) {
  const { topic: text } = useText()
  const formats = useFormats()
  const offsets = useOffsets({ cluster: topic.cluster, topic: topic.name }).data
  const { leaderless, belowMinIsr } = countStates(topic.partitions)
  const lagging = topic.partitions.reduce((sum, { missing }) => sum + missing.length, 0)
  const held = offsets === undefined ? undefined : messagesOf(offsets.items)
  return (
    <Panel title={text.contents} query={query}>
      <dl className="facts">
        <dt>{text.messages}</dt>
        <dd className="number" data-value={held}>
          {held === null ? <Tag tone="warn">{text.messagesUnknown}</Tag> : held !== undefined && formats.count(held)}
        </dd>
        <dt>{text.partitions}</dt>
        <dd className="number">{formats.count(topic.partitions.length)}</dd>
        <dt>{text.withoutLeader}</dt>
        <dd>{leaderless === 0 ? 0 : <Tag tone="bad">{formats.count(leaderless)}</Tag>}</dd>
        <dt>{text.belowMinIsr}</dt>
        <dd>{belowMinIsr === 0 ? 0 : <Tag tone="bad">{formats.count(belowMinIsr)}</Tag>}</dd>
        <dt>{text.replication}</dt>
        <dd>{topic.replicationFactor}</dd>
        <dt>{text.minIsr}</dt>
        <dd>{topic.minInsyncReplicas}</dd>
        <dt>{text.notInSync}</dt>
        <dd>{lagging === 0 ? 0 : <Tag tone="warn">{formats.count(lagging)}</Tag>}</dd>
      </dl>
    </Panel>
  )
}

/** End less start of all partitions; null when one is not known. */
function messagesOf(items: readonly { readonly start: number | null; readonly end: number | null }[]): number | null {
  let sum = 0
  for (const { start, end } of items) {
    if (start === null || end === null) return null
    sum += end - start
  }
  return sum
}

function ReadersPanel({ topic }: TabProps) {
  const { topic: text } = useText()
  const { query, readers } = useReaders({ cluster: topic.cluster, topic: topic.name })
  return (
    <Panel title={text.groups} query={query}>
      {readers.length === 0 && <p className="quiet">{text.noGroups}</p>}
      <ul className="plain">
        {readers.map(({ group, members }) => (
          <li key={group}>
            <Link to={href(pages.group, { cluster: topic.cluster, group })}>{group}</Link>{' '}
            <span className="quiet">{text.members(members)}</span>
          </li>
        ))}
      </ul>
    </Panel>
  )
}

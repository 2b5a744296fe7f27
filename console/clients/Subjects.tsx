// Desired beside actual, subject by subject: what does not agree comes first.
import { useMemo } from 'react'
import type { ClientView } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { useFormats } from '../formats/index.ts'
import { type Column, Grid, Panel } from '../grid/index.ts'
import { Tag } from '../shell/index.ts'
import { href, Link, pages } from '../url/index.ts'
import { useTopicNames } from './api.ts'
import type { ClientProps } from './ClientPage.tsx'
import { readKey, stateOf } from './subjects.ts'

type Subject = ClientView['subjects'][number] & { readonly topic: string | undefined }

export function Subjects({ client, query }: ClientProps) {
  const { clients: text } = useText()
  const names = useTopicNames()
  const rows = client.subjects.map((subject) => ({ ...subject, topic: names.get(readKey(subject.key).name) }))
  return (
    <Panel title={text.subjects} flush extra={<span className="quiet">{text.subjectsHint}</span>}>
      <Grid
        label={text.subjects}
        columns={useColumns(client.cluster ?? '')}
        rows={rows}
        keyOf={({ key }) => key}
        query={query}
        sort={{ column: 'state', isDescending: false }}
        empty={text.subjectsNone}
        height="fit"
        sortName="subjects"
      />
    </Panel>
  )
}

const tones = { held: 'ok', older: 'warn', none: 'warn' } as const
const order = { none: 0, older: 1, held: 2 } as const

function useColumns(cluster: string): readonly Column<Subject>[] {
  const { clients: text } = useText()
  const { columns } = text
  const formats = useFormats()
  return useMemo(
    () => [
      {
        id: 'subject',
        title: columns.subject,
        width: 'minmax(240px, 3fr)',
        sort: ({ key, topic }) => topic ?? key,
        cell: (subject) => <SubjectName cluster={cluster} subject={subject} />,
      },
      {
        id: 'state',
        title: columns.state,
        width: '120px',
        sort: (subject) => order[stateOf(subject)],
        cell: (subject) => {
          const state = stateOf(subject)
          return (
            <Tag tone={tones[state]} state={state}>
              {text.subjectStates[state]}
            </Tag>
          )
        },
      },
      {
        id: 'desired',
        title: columns.desired,
        width: '136px',
        align: 'right',
        sort: ({ desired }) => desired,
        cell: ({ desired }) => formats.version(desired),
      },
      {
        id: 'actual',
        title: columns.actual,
        width: '136px',
        align: 'right',
        sort: ({ actual }) => actual ?? -1,
        cell: ({ actual }) => (actual === null ? '–' : formats.version(actual)),
      },
    ],
    [columns, text, formats, cluster],
  )
}

function SubjectName({ cluster, subject }: { readonly cluster: string; readonly subject: Subject }) {
  const { subjectKinds } = useText().clients
  const { kind, name } = readKey(subject.key)
  if (kind === 'topic') {
    if (subject.topic === undefined) return <span className="mono">{subject.key}</span>
    return <Link to={href(pages.topic, { cluster, topic: subject.topic })}>{subjectKinds.topic(subject.topic)}</Link>
  }
  if (kind === 'coordinator') {
    return <Link to={href(pages.group, { cluster, group: name })}>{subjectKinds.coordinator(name)}</Link>
  }
  if (kind === 'cluster') return <Link to={pages.brokers}>{subjectKinds.cluster(name)}</Link>
  return <span className="mono">{subject.key}</span>
}

// What a client was told to do, and what came of it; and the buttons that tell it more.
import { Button } from 'antd'
import { Suspense, useMemo } from 'react'
import type { ClientView } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { Age, useFormats } from '../formats/index.ts'
import { type Column, Grid, Panel } from '../grid/index.ts'
import { Tag } from '../shell/index.ts'
import { lazily } from '../shell/lazily.ts'
import { useQueryValue } from '../url/index.ts'
import type { DirectiveKind } from './api.ts'
import type { ClientProps } from './ClientPage.tsx'

const SendDirective = lazily(async () => (await import('./SendDirective.tsx')).SendDirective)

type Directive = ClientView['directives'][number]

const kinds: readonly DirectiveKind[] = ['report', 'reconnect']

export function Directives({ client, query }: ClientProps) {
  const { clients: text } = useText()
  const [dialog, setDialog] = useQueryValue('dialog', { push: true })
  const asked = kinds.find((kind) => kind === dialog)
  const buttons = (
    <span className="tags">
      {kinds.map((kind) => (
        <Button key={kind} size="small" onClick={() => setDialog(kind)}>
          {text.directiveKinds[kind]}
        </Button>
      ))}
    </span>
  )
  return (
    <Panel title={text.directives} flush extra={buttons}>
      <Grid
        label={text.directives}
        columns={useColumns()}
        rows={client.directives}
        keyOf={({ id }) => id}
        query={query}
        sort={{ column: 'given', isDescending: true }}
        empty={
          <p>
            {text.directivesNone} {text.directivesHint}
          </p>
        }
        height="fit"
        sortName="directives"
      />
      {asked !== undefined && (
        <Suspense fallback={null}>
          <SendDirective client={client} kind={asked} onClose={() => setDialog('')} />
        </Suspense>
      )}
    </Panel>
  )
}

const tones = { given: 'neutral', done: 'ok', refused: 'bad', failed: 'bad', expired: 'warn' } as const

function useColumns(): readonly Column<Directive>[] {
  const { clients: text } = useText()
  const { columns } = text
  const formats = useFormats()
  return useMemo(
    () => [
      {
        id: 'directive',
        title: columns.directive,
        width: 'minmax(120px, 1fr)',
        sort: ({ kind }) => kind,
        cell: ({ kind }) => kinds.map((known) => known === kind && text.directiveKinds[known]).find(Boolean) ?? kind,
      },
      {
        id: 'state',
        title: columns.state,
        width: '104px',
        sort: ({ state }) => state,
        cell: ({ state }) => (
          <Tag tone={tones[state]} state={state}>
            {text.directiveStates[state]}
          </Tag>
        ),
      },
      {
        id: 'took',
        title: columns.took,
        width: '96px',
        align: 'right',
        sort: ({ durationMs }) => durationMs ?? -1,
        cell: ({ durationMs }) => (durationMs === null ? '–' : formats.duration(durationMs)),
      },
      {
        id: 'given',
        title: columns.given,
        width: '112px',
        sort: ({ given }) => given,
        cell: ({ given }) => <Age at={given} />,
      },
      {
        id: 'said',
        title: columns.said,
        width: 'minmax(160px, 3fr)',
        cell: ({ reason }) => reason ?? '–',
      },
    ],
    [columns, text, formats],
  )
}

// /decisions?about&kind&q: why did Castle do that?
import { useMemo } from 'react'
import { type DecisionView, type TopicSummary, useLiveList } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { useFormats } from '../formats/index.ts'
import { type Column, Grid, RowCount } from '../grid/index.ts'
import { ChoiceFilter, PageLayout, SearchBox, Tag } from '../shell/index.ts'
import { Link, setQueryValues, useQueryValue } from '../url/index.ts'
import { isShown, readAbout } from './about.ts'
import { useDecisions } from './api.ts'

export function DecisionsPage() {
  const { decisions: text } = useText()
  const [about] = useQueryValue('about')
  const [q] = useQueryValue('q')
  const [kind] = useQueryValue('kind')
  const query = useDecisions(about)
  const all = query.data?.items ?? []
  const rows = all.filter((decision) => isShown(decision, { q, kind }))
  const kinds = Object.entries(text.kinds).map(([value, name]) => ({ value, text: name }))
  return (
    <PageLayout title={text.title} name={text.title} isFilled>
      <div className="filters">
        <SearchBox label={text.filter} />
        <ChoiceFilter name="kind" label={text.columns.kind} options={[{ value: '', text: text.anyKind }, ...kinds]} />
        {about !== '' && (
          <Tag state="about">
            {text.about} {about}{' '}
            <button type="button" className="text-button" onClick={() => setQueryValues({ about: '' })}>
              {text.everything}
            </button>
          </Tag>
        )}
        {query.data !== undefined && <RowCount shown={rows.length} total={all.length} />}
        {text.english !== '' && <span className="quiet">{text.english}</span>}
      </div>
      <Grid
        label={text.title}
        columns={useColumns()}
        rows={rows}
        keyOf={({ number }) => String(number)}
        query={query}
        sort={{ column: 'number', isDescending: true }}
        total={all.length}
        release={`${q} ${kind} ${about}`}
        empty={<p>{about === '' ? text.nothingYet : text.nothingAbout(about)}</p>}
        onClearFilter={() => setQueryValues({ q: '', kind: '' })}
      />
    </PageLayout>
  )
}

function useColumns(): readonly Column<DecisionView>[] {
  const { columns: text, kinds } = useText().decisions
  const formats = useFormats()
  const topics = useTopicsById()
  return useMemo(
    () => [
      {
        id: 'number',
        title: text.number,
        width: '72px',
        align: 'right',
        sort: ({ number }) => number,
        cell: ({ number }) => formats.id(number),
      },
      {
        id: 'at',
        title: text.at,
        width: '168px',
        sort: ({ at }) => at,
        cell: ({ at }) => <time dateTime={at}>{formats.time(at)}</time>,
      },
      {
        id: 'kind',
        title: text.kind,
        width: '136px',
        sort: ({ kind }) => kinds[kind] ?? kind,
        cell: ({ kind }) => <Tag state={kind}>{kinds[kind] ?? kind}</Tag>,
      },
      {
        id: 'what',
        title: text.what,
        width: 'minmax(240px, 3fr)',
        sort: ({ what }) => what,
        cell: ({ what }) => <span title={what}>{what}</span>,
      },
      {
        id: 'why',
        title: text.why,
        width: 'minmax(200px, 3fr)',
        sort: ({ why }) => why,
        cell: ({ why }) => <span title={why}>{why}</span>,
      },
      {
        id: 'about',
        title: text.about,
        width: 'minmax(160px, 2fr)',
        cell: ({ about }) => <AboutLinks about={about} topics={topics} />,
      },
    ],
    [text, kinds, formats, topics],
  )
}

type TopicsById = ReadonlyMap<string, TopicSummary>

function useTopicsById(): TopicsById {
  const items = useLiveList<TopicSummary>({ path: '/api/topics', subjects: ['topics'] }).data?.items
  return useMemo(() => new Map((items ?? []).map((topic) => [topic.topicId, topic])), [items])
}

function AboutLinks({ about, topics }: { readonly about: readonly string[]; readonly topics: TopicsById }) {
  return about.map((each) => {
    const { key, text, to } = readAbout(each, about, topics)
    return (
      <span key={key} className="name-in-row">
        {to === undefined ? text : <Link to={to}>{text}</Link>}
      </span>
    )
  })
}

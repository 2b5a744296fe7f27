// /groups?q: who keeps up, and who does not?
import { useMemo } from 'react'
import type { GroupSummary } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { useFormats } from '../formats/index.ts'
import { type Column, Grid, RowCount } from '../grid/index.ts'
import { PageLayout, SearchBox } from '../shell/index.ts'
import { href, Link, pages, setQueryValues, useQueryValue } from '../url/index.ts'
import { useGroups } from './api.ts'
import { isShown } from './filter.ts'
import { GroupState, LagCell } from './LagCell.tsx'

export function GroupsPage() {
  const { groups: text } = useText()
  const query = useGroups()
  const [q] = useQueryValue('q')
  const all = query.data?.items ?? []
  const rows = all.filter((group) => isShown(group, q))
  return (
    <PageLayout title={text.title} name={text.title} isFilled>
      <div className="filters">
        <SearchBox label={text.filter} />
        {query.data !== undefined && <RowCount shown={rows.length} total={all.length} />}
      </div>
      <Grid
        label={text.title}
        columns={useColumns()}
        rows={rows}
        keyOf={({ cluster, group }) => `${cluster}/${group}`}
        hrefOf={addressOf}
        query={query}
        sort={{ column: 'group', isDescending: false }}
        total={all.length}
        release={q}
        empty={<p>{text.nothingYet}</p>}
        onClearFilter={() => setQueryValues({ q: '' })}
      />
    </PageLayout>
  )
}

function addressOf({ cluster, group }: GroupSummary): string {
  return href(pages.group, { cluster, group })
}

const topicsShown = 3

function useColumns(): readonly Column<GroupSummary>[] {
  const { columns: text, moreTopics, noCoordinator } = useText().groups
  const { broker } = useText().brokers
  const formats = useFormats()
  return useMemo(
    () => [
      {
        id: 'group',
        title: text.group,
        width: 'minmax(200px, 2fr)',
        sort: ({ group }) => group,
        cell: (group) => <Link to={addressOf(group)}>{group.group}</Link>,
      },
      {
        id: 'state',
        title: text.state,
        width: '152px',
        cell: ({ cluster, group, members }) => <GroupState cluster={cluster} group={group} members={members} />,
      },
      {
        id: 'lag',
        title: text.lag,
        width: '112px',
        align: 'right',
        cell: ({ cluster, group }) => <LagCell cluster={cluster} group={group} />,
      },
      {
        id: 'members',
        title: text.members,
        width: '96px',
        align: 'right',
        sort: ({ members }) => members,
        cell: ({ members }) => formats.count(members),
      },
      {
        id: 'topics',
        title: text.topics,
        width: 'minmax(200px, 3fr)',
        sort: ({ topics }) => topics.length,
        cell: ({ cluster, topics }) => (
          <>
            {topics.slice(0, topicsShown).map((topic) => (
              <Link key={topic} className="name-in-row" to={href(pages.topic, { cluster, topic })}>
                {topic}
              </Link>
            ))}
            {topics.length > topicsShown && <span className="quiet">{moreTopics(topics.length - topicsShown)}</span>}
          </>
        ),
      },
      {
        id: 'coordinator',
        title: text.coordinator,
        width: '136px',
        sort: ({ coordinator }) => coordinator,
        cell: ({ cluster, coordinator }) =>
          coordinator === -1 ? (
            <span className="quiet">{noCoordinator}</span>
          ) : (
            <Link to={href(pages.broker, { cluster, id: String(coordinator) })}>{broker(coordinator)}</Link>
          ),
      },
      {
        id: 'cluster',
        title: text.cluster,
        width: '120px',
        sort: ({ cluster }) => cluster,
        cell: ({ cluster }) => cluster,
      },
    ],
    [text, moreTopics, noCoordinator, broker, formats],
  )
}

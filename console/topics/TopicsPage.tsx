// /topics: which topic is unhealthy?
import type { TopicSummary } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { type Column, Grid } from '../grid/index.ts'
import { PageLayout } from '../shell/index.ts'
import { href, pages } from '../url/index.ts'
import { useTopics } from './api.ts'

const columns: readonly Column<TopicSummary>[] = [
  { id: 'name', title: 'Name', width: 'minmax(200px, 2fr)', sort: ({ name }) => name, cell: ({ name }) => name },
  {
    id: 'partitions',
    title: 'Partitions',
    width: '120px',
    align: 'right',
    sort: (t) => t.partitions,
    cell: (t) => t.partitions,
  },
]

export function TopicsPage() {
  const { topics } = useText()
  const query = useTopics()
  return (
    <PageLayout title={topics.title} name={topics.title} isFilled>
      <Grid
        label={topics.title}
        columns={columns}
        rows={query.data?.items ?? []}
        keyOf={({ topicId }) => topicId}
        hrefOf={({ cluster, name }) => href(pages.topic, { cluster, topic: name })}
        query={query}
        sort={{ column: 'name', isDescending: false }}
        empty="–"
      />
    </PageLayout>
  )
}

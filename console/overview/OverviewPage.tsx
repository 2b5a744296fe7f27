// /: is anything wrong, and what first? Below: the clusters; above, on a new platform, the way to a first message.
import { useText } from '../catalogue/index.ts'
import { Panel } from '../grid/index.ts'
import { PageLayout } from '../shell/index.ts'
import { useClusters, useProblems, useProgress } from './api.ts'
import { Clusters } from './Clusters.tsx'
import { FirstSteps } from './FirstSteps.tsx'
import { Lately } from './Lately.tsx'
import './overview.css'
import { Problems } from './Problems.tsx'

export function OverviewPage() {
  const { overview: text } = useText()
  const problems = useProblems()
  const clusters = useClusters()
  const progress = useProgress(clusters.data?.items)
  const items = problems.data?.items ?? []
  // What is wrong comes before everything; that nothing is comes after what to do.
  const isWrong = items.length > 0
  const problemList = <Problems query={problems} items={items} />
  // Drawn at once when all of it is known: what came first would be pushed away by what comes above it.
  if (problems.isPending || clusters.isPending || progress === 'unknown') {
    return (
      <PageLayout title={text.title} name={text.title}>
        <Panel title={text.problems} query={{ ...problems, data: undefined, error: null, isPending: true }}>
          {null}
        </Panel>
      </PageLayout>
    )
  }
  return (
    <PageLayout title={text.title} name={text.title}>
      {isWrong && problemList}
      {progress !== undefined && <FirstSteps progress={progress} />}
      {!isWrong && problemList}
      <Clusters query={clusters} items={clusters.data?.items ?? []} />
      <Lately />
    </PageLayout>
  )
}

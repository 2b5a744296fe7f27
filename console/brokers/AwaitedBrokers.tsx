// After Castle's store went back in time (R14) topics wait for every broker that may know more of them. Who will not come back is given up
// here: by a person, with the number of topics that go on without what it alone knew.
import { Button } from 'antd'
import { Suspense } from 'react'
import { type ProblemView, useLiveList } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { lazily } from '../shell/lazily.ts'
import { useQueryValue } from '../url/index.ts'

const GiveUp = lazily(async () => (await import('./GiveUp.tsx')).GiveUp)

export interface Awaited {
  readonly cluster: string
  readonly id: string
}

/** The brokers that topics in doubt wait for. */
function useAwaited(): Awaited[] {
  const problems = useLiveList<ProblemView>({ path: '/api/problems', subjects: ['problems'], pollMs: 2_000 })
  const awaited = (problems.data?.items ?? []).flatMap(({ kind, cluster, params }) => {
    if (kind !== 'in-doubt') return []
    const ids = String(params['brokers'] ?? '').split(', ')
    return ids.filter((id) => id !== '').map((id) => ({ cluster, id }))
  })
  // By what is in doubt, and by what the store forgot: one broker may be awaited for both.
  return [...new Map(awaited.map((each) => [`${each.cluster}/${each.id}`, each])).values()]
}

export function AwaitedBrokers() {
  const { brokers: text } = useText()
  const awaited = useAwaited()
  const [given, setGiven] = useQueryValue('give-up', { push: true })
  const chosen = awaited.find(({ cluster, id }) => given === `${cluster}/${id}`)
  if (awaited.length === 0) return null
  return (
    <div className="notice-doubt" role="alert">
      <span>{text.awaited}</span>
      {awaited.map(({ cluster, id }) => (
        <Button key={`${cluster}/${id}`} danger size="small" onClick={() => setGiven(`${cluster}/${id}`)}>
          {text.giveUp.action(id)}
        </Button>
      ))}
      {chosen !== undefined && (
        <Suspense fallback={null}>
          <GiveUp {...chosen} onClose={() => setGiven('')} />
        </Suspense>
      )}
    </div>
  )
}

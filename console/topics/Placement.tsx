// Where a new topic's partitions would stand, and how many brokers it could lose.
import { type CreationPlan, problemOf, useProblemText } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { Tag } from '../shell/index.ts'
import './form.css'

interface PlacementProps {
  readonly plan: CreationPlan | undefined
  readonly query: { readonly error: Error | null }
}

export function Placement({ plan, query }: PlacementProps) {
  const { creation } = useText().topic
  const textOf = useProblemText()
  const brokers = leadersOf(plan)
  return (
    <section className="placement" aria-label={creation.placement} aria-live="polite">
      <strong>{creation.placement}</strong>
      {query.error !== null && <span className="quiet">{textOf(problemOf(query.error)).what}</span>}
      {query.error === null && brokers.length === 0 && <span className="quiet">{creation.notPlaced}</span>}
      {brokers.length > 0 && (
        <>
          <div className="placement-brokers">
            {brokers.map(([id, partitions]) => (
              <span key={id} data-value={partitions}>
                {creation.broker(id)} <Tag>{creation.leads(partitions)}</Tag>
              </span>
            ))}
          </div>
          <span data-value={plan?.survivesBrokers}>{creation.survives(plan?.survivesBrokers ?? 0)}</span>
        </>
      )}
    </section>
  )
}

/** How many partitions each broker would lead. */
function leadersOf(plan: CreationPlan | undefined): [id: number, partitions: number][] {
  const counts = new Map<number, number>()
  for (const { leader } of plan?.placement ?? []) counts.set(leader, (counts.get(leader) ?? 0) + 1)
  return [...counts].sort(([one], [other]) => one - other)
}

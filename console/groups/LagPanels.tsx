// What stands above a group's tabs: its lag now, as a line, and whether it catches up; and what its assignment was made of.
import { useText } from '../catalogue/index.ts'
import { useFormats } from '../formats/index.ts'
import { Panel } from '../grid/index.ts'
import { Tag } from '../shell/index.ts'
import { href, Link, pages } from '../url/index.ts'
import type { GroupProps } from './GroupPage.tsx'
import { type Pace, paceOf, totalLag } from './lag.ts'
import { Sparkline } from './Sparkline.tsx'
import { useSamples } from './use-samples.ts'

export function LagPanels({ view, query }: GroupProps) {
  const { groups: text } = useText()
  const samples = useSamples(view, view, query.dataUpdatedAt)
  const points = samples.map(({ atMs, lag }) => ({ atMs, value: lag }))
  return (
    <div className="columns">
      <Panel title={text.lagTotal} query={query}>
        <LagNow view={view} />
        <PaceWords pace={paceOf(samples)} />
      </Panel>
      <Panel title={text.trend.title} query={query}>
        <Sparkline title={text.trend.title} unit={text.lagTotal} points={points} />
      </Panel>
      <AssignmentPanel view={view} query={query} />
    </div>
  )
}

function LagNow({ view }: Pick<GroupProps, 'view'>) {
  const { groups: text } = useText()
  const formats = useFormats()
  const lag = totalLag(view.offsets)
  if (lag === undefined && view.offsetsProblem === null) return <p className="figure-none quiet">{text.noOffsets}</p>
  return (
    <p>
      <span className="figure" data-value={lag ?? ''} title={lag == null ? undefined : text.lagUnit(lag)}>
        {lag == null ? text.lagUnknown : formats.count(lag)}
      </span>
      {view.offsetsProblem !== null && (
        <>
          {' '}
          <Tag tone="warn">{text.offsetsProblem(view.offsetsProblem)}</Tag>
        </>
      )}
    </p>
  )
}

const ratesShownTo = 1

function PaceWords({ pace }: { readonly pace: Pace }) {
  const { pace: text } = useText().groups
  const formats = useFormats()
  if (pace.kind === 'unknown') return <p className="quiet">{text.unknown}</p>
  const rate = (value: number) => formats.count(Number(value.toFixed(ratesShownTo)))
  const verdict = {
    done: text.done,
    still: text.still,
    growing: text.growing,
    shrinking: text.eta(formats.duration(pace.etaMs ?? 0)),
  }[pace.kind]
  const isBad = pace.kind === 'growing' || pace.kind === 'still'
  return (
    <>
      <p>
        {isBad ? (
          <Tag tone="warn" state={pace.kind}>
            {verdict}
          </Tag>
        ) : (
          verdict
        )}
      </p>
      <p className="quiet number">
        {text.commits(rate(pace.commits))}, {text.arrives(rate(pace.arrives))}
      </p>
    </>
  )
}

function AssignmentPanel({ view, query }: GroupProps) {
  const { groups: text, brokers } = useText()
  const formats = useFormats()
  const { assignment, groupEpoch, coordinator, cluster, group } = view
  return (
    <Panel title={text.assignment} query={query}>
      <dl className="facts">
        <dt>{text.assignment}</dt>
        <dd>
          {assignment === null && text.assignmentNone}
          {assignment?.outdated === false && text.assignmentCurrent}
          {assignment?.outdated === true && <Tag tone="warn">{text.assignmentOutdated}</Tag>}
        </dd>
        <dt>{text.epochOf}</dt>
        <dd className="number">{groupEpoch === null ? '–' : formats.id(groupEpoch)}</dd>
        <dt>{text.columns.coordinator}</dt>
        <dd>
          {coordinator === -1 ? (
            text.noCoordinator
          ) : (
            <Link to={href(pages.broker, { cluster, id: String(coordinator) })}>{brokers.broker(coordinator)}</Link>
          )}
        </dd>
        <dt>{brokers.decisions}</dt>
        <dd>
          <Link to={href(pages.decisions, {}, { about: `group/${cluster}/${group}` })}>group/{group}</Link>
        </dd>
      </dl>
    </Panel>
  )
}

// /brokers/:cluster/:id: is it alive, what does it hold, what is wrong with its logs?
import type { BrokerView } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { Moment, useFormats } from '../formats/index.ts'
import { Failure, type Loading, Panel } from '../grid/index.ts'
import { PageLayout, type PageProps, Tag } from '../shell/index.ts'
import { href, Link, pages } from '../url/index.ts'
import { useBrokers } from './api.ts'
import { Faults, Strays } from './BrokenLogs.tsx'
import { BrokerState } from './BrokerState.tsx'
import { addressOf, lagOf } from './filter.ts'
import './brokers.css'

export function BrokerPage({ parts: { cluster, id } }: PageProps<typeof pages.broker>) {
  const { brokers: text } = useText()
  const query = useBrokers({ cluster })
  const broker = query.data?.items.find((each) => String(each.id) === id)
  const title = (
    <>
      {text.broker(id)} {broker !== undefined && <BrokerState broker={broker} />}
    </>
  )
  return (
    <PageLayout title={title} name={text.broker(id)} trail={[{ text: text.title, to: pages.brokers }]}>
      {query.data === undefined && query.error !== null && <Failure query={query} />}
      {query.data !== undefined && broker === undefined && (
        <div className="grid-empty">
          <p>{text.unknown(id, cluster)}</p>
          <p>{text.unknownHint}</p>
        </div>
      )}
      {broker !== undefined && <Panels broker={broker} query={query} />}
    </PageLayout>
  )
}

interface BrokerProps {
  readonly broker: BrokerView
  readonly query: Loading
}

function Panels({ broker, query }: BrokerProps) {
  const { brokers: text } = useText()
  return (
    <>
      <div className="columns">
        <StatePanel broker={broker} query={query} />
        <PlacePanel broker={broker} query={query} />
        <WorkPanel broker={broker} query={query} />
      </div>
      <Panel title={text.faults} flush extra={<span className="quiet">{text.faultsHint}</span>}>
        <Faults broker={broker} query={query} />
      </Panel>
      <Panel title={text.strays} flush extra={<span className="quiet">{text.straysHint}</span>}>
        <Strays broker={broker} query={query} />
      </Panel>
    </>
  )
}

function StatePanel({ broker, query }: BrokerProps) {
  const { brokers: text } = useText()
  const { why, since, startedAt, lastHeard, recovery, vitals } = broker
  return (
    <Panel title={text.state} query={query}>
      <dl className="facts">
        <dt>{text.columns.state}</dt>
        <dd>
          <BrokerState broker={broker} />
        </dd>
        <dt>{text.columns.why}</dt>
        <dd>{why}</dd>
        <dt>{text.columns.since}</dt>
        <dd>
          <Moment at={since} />
        </dd>
        {recovery !== null && <Recovery recovery={recovery} />}
        <dt>{text.started}</dt>
        <dd>{startedAt === null ? <span className="quiet">{text.notTold}</span> : <Moment at={startedAt} />}</dd>
        <dt>{text.lastStop}</dt>
        <dd>{vitals === null ? <span className="quiet">{text.notTold}</span> : <LastStop how={vitals.lastStop} />}</dd>
        <dt>{text.lastHeard}</dt>
        <dd>{lastHeard === null ? text.never : <Moment at={lastHeard} />}</dd>
        <dt>{text.behind}</dt>
        <dd>
          <Follows broker={broker} />
        </dd>
        <dt>{text.decisions}</dt>
        <dd>
          <Link to={href(pages.decisions, {}, { about: `broker/${broker.id}` })}>broker/{broker.id}</Link>
        </dd>
      </dl>
    </Panel>
  )
}

function Follows({ broker }: { readonly broker: BrokerView }) {
  const { brokers: text } = useText()
  const behind = lagOf(broker)
  if (broker.state === 'down') return <span className="quiet">–</span>
  if (behind === 0) return <Tag tone="ok">{text.followsAll}</Tag>
  return (
    <Tag tone="warn" title={broker.behind.join('\n')}>
      {text.behindOf(behind)}
    </Tag>
  )
}

function PlacePanel({ broker, query }: BrokerProps) {
  const { brokers: text } = useText()
  const formats = useFormats()
  const { cluster, metricsPort, rack, pid, release, brokerEpoch } = broker
  return (
    <Panel title={text.where} query={query}>
      <dl className="facts">
        <dt>{text.columns.address}</dt>
        <dd className="mono">{addressOf(broker)}</dd>
        <dt>{text.columns.cluster}</dt>
        <dd>{cluster}</dd>
        <dt>{text.columns.rack}</dt>
        <dd>{rack ?? <span className="quiet">{text.noRack}</span>}</dd>
        <dt>{text.metricsPort}</dt>
        <dd className="number">{formats.id(metricsPort)}</dd>
        <dt>{text.columns.release}</dt>
        <dd>{release}</dd>
        <dt>{text.pid}</dt>
        <dd className="number">{formats.id(pid)}</dd>
        <dt>{text.epoch}</dt>
        <dd className="number">{formats.version(brokerEpoch)}</dd>
      </dl>
    </Panel>
  )
}

function WorkPanel({ broker: { leaders, replicas, vitals }, query }: BrokerProps) {
  const { brokers: text } = useText()
  const formats = useFormats()
  return (
    <Panel title={text.work} query={query}>
      <dl className="facts">
        <dt>{text.leaders}</dt>
        <dd className="number" data-value={leaders}>
          {formats.count(leaders)}
        </dd>
        <dt>{text.replicas}</dt>
        <dd className="number" data-value={replicas}>
          {formats.count(replicas)}
        </dd>
        {vitals !== null && <Vitals vitals={vitals} />}
      </dl>
      {vitals === null && <p className="quiet facts-note">{text.vitalsUnknown}</p>}
    </Panel>
  )
}

/** Facts of a broker that is starting. */
function Recovery({ recovery }: { readonly recovery: NonNullable<BrokerView['recovery']> }) {
  const { brokers: text } = useText()
  const formats = useFormats()
  const { logs, opened, bytesToCheck, bytesChecked } = recovery
  return (
    <>
      <dt>{text.recovery}</dt>
      <dd data-value={opened}>{text.openOf(opened, logs)}</dd>
      <dt>{text.checked}</dt>
      <dd data-value={bytesChecked}>{text.checkedOf(formats.bytes(bytesChecked), formats.bytes(bytesToCheck))}</dd>
    </>
  )
}

type VitalsView = NonNullable<BrokerView['vitals']>

/** What it costs the broker to do its work. */
function Vitals({ vitals }: { readonly vitals: VitalsView }) {
  const { brokers: text } = useText()
  const formats = useFormats()
  const { logBytes, loopHeldMs, writePath, longestWriteMs, slowWrites, leftLoop } = vitals
  return (
    <>
      <dt>{text.logBytes}</dt>
      <dd className="number" data-value={logBytes}>
        {formats.bytes(logBytes)}
      </dd>
      <dt>{text.loopHeld}</dt>
      <dd className="number" data-value={loopHeldMs}>
        {formats.duration(loopHeldMs)}
      </dd>
      <dt>{text.writePath}</dt>
      <dd>
        <Tag tone={writePath === 'sync' ? 'ok' : 'warn'} state={writePath} title={text.writePathHints[writePath]}>
          {text.writePaths[writePath]}
        </Tag>
      </dd>
      <dt>{text.longestWrite}</dt>
      <dd className="number" data-value={longestWriteMs}>
        {formats.duration(longestWriteMs)}
      </dd>
      <dt>{text.slowWrites}</dt>
      <dd className="number" data-value={slowWrites}>
        {formats.count(slowWrites)}
      </dd>
      <dt>{text.leftLoop}</dt>
      <dd className="number" data-value={leftLoop}>
        {text.times(leftLoop)}
      </dd>
    </>
  )
}

const stopTones = { clean: 'ok', killed: 'neutral', lost: 'warn' } as const

/** How the process before this one ended. */
function LastStop({ how }: { readonly how: VitalsView['lastStop'] }) {
  const { lastStops, lastStopHints } = useText().brokers
  if (how === 'first') return <span className="quiet">{lastStopHints.first}</span>
  return (
    <Tag tone={stopTones[how]} state={how} title={lastStopHints[how]}>
      {lastStops[how]}
    </Tag>
  )
}

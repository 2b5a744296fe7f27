// The clusters that Castle runs: brokers up, topics, clients.
import type { ClusterView } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { useFormats } from '../formats/index.ts'
import { type Loading, Panel } from '../grid/index.ts'
import { Tag } from '../shell/index.ts'
import { href, Link, pages } from '../url/index.ts'

interface ClustersProps {
  readonly query: Loading
  readonly items: readonly ClusterView[]
}

export function Clusters({ query, items }: ClustersProps) {
  const { overview: text } = useText()
  return (
    <Panel title={text.clusters} query={query}>
      {items.length === 0 && <p className="quiet">{text.noClusters}</p>}
      <ul className="clusters">
        {items.map((cluster) => (
          <Cluster key={cluster.id} cluster={cluster} />
        ))}
      </ul>
    </Panel>
  )
}

function Cluster({ cluster }: { readonly cluster: ClusterView }) {
  const { overview: text } = useText()
  const formats = useFormats()
  const { id, kind, environment, brokers, brokersUp, topics, clients } = cluster
  const tone = brokersUp === brokers ? 'ok' : brokersUp === 0 ? 'bad' : 'warn'
  return (
    <li className="cluster" data-key={id}>
      <div className="cluster-head">
        <strong>{id}</strong>
        <span className="quiet">
          {text.kindNames[kind]} · {environment}
        </span>
      </div>
      <Link to={pages.brokers} className="cluster-brokers">
        <Tag tone={brokers === 0 ? 'neutral' : tone} state={tone}>
          {brokers === 0 ? text.noBrokers : text.brokersUp(brokersUp, brokers)}
        </Tag>
      </Link>
      <dl className="cluster-figures">
        <div>
          <dt>{text.topics}</dt>
          <dd data-value={topics}>
            <Link to={href(pages.topics, {}, { cluster: id })}>{formats.count(topics)}</Link>
          </dd>
        </div>
        <div>
          <dt>{text.clients}</dt>
          <dd data-value={clients}>
            <Link to={pages.clients}>{formats.count(clients)}</Link>
          </dd>
        </div>
      </dl>
    </li>
  )
}

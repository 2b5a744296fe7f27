// What Castle decided last, and why: the first place to look when something moved by itself.
import { useText } from '../catalogue/index.ts'
import { Moment } from '../formats/index.ts'
import { Panel } from '../grid/index.ts'
import { Tag } from '../shell/index.ts'
import { Link, pages } from '../url/index.ts'
import { useLatelyDecided } from './api.ts'

export function Lately() {
  const { overview: text, decisions } = useText()
  const query = useLatelyDecided()
  const items = query.data?.items ?? []
  return (
    <Panel title={text.lately} query={query} extra={<Link to={pages.decisions}>{text.allDecisions}</Link>}>
      {items.length === 0 && <p className="quiet">{decisions.nothingYet}</p>}
      <ul className="lately">
        {items.map(({ number, at, kind, what, why }) => (
          <li key={number}>
            <span className="quiet">
              <Moment at={at} />
            </span>
            <span>
              <Tag state={kind}>{decisions.kinds[kind] ?? kind}</Tag> {what} <span className="quiet">({why})</span>
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  )
}

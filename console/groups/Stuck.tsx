// Messages that stop their partitions (D1): which, since when, why; and the way to each of them.
import type { GroupView } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { Moment, useFormats } from '../formats/index.ts'
import { href, Link, pages } from '../url/index.ts'

const shownMax = 10

export function Stuck({ view }: { readonly view: GroupView }) {
  const { groups: text } = useText()
  const formats = useFormats()
  const { cluster, stuck } = view
  return (
    <section className="stuck" aria-label={text.stuckTitle} data-state="stuck">
      <h2>{text.states.stuck(stuck.length)}</h2>
      {stuck.slice(0, shownMax).map(({ topic, topicId, partition, offset, since, attempts, error, client }) => (
        <div key={`${topicId}/${partition}@${offset}`} className="stuck-one">
          <p>{text.stuckSentence(`${topic ?? topicId}/${partition}@${formats.id(offset)}`)}</p>
          <p className="mono stuck-error">{error}</p>
          <p className="quiet">
            {text.columns.attempts} {formats.count(attempts)} · {text.columns.since} <Moment at={since} /> ·{' '}
            <Link to={href(pages.client, { id: client })}>{client}</Link>
            {topic !== null && (
              <>
                {' · '}
                <Link to={messageAddress(cluster, topic, partition, offset)}>{text.stuckOpen}</Link>
              </>
            )}
          </p>
        </div>
      ))}
    </section>
  )
}

function messageAddress(cluster: string, topic: string, partition: number, offset: number): string {
  const query = { partition, from: offset, message: `${partition}@${offset}` }
  return href(pages.topic, { cluster, topic, tab: 'messages' }, query)
}

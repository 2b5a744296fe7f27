// /clients/:id: did it obey? What it should hold beside what it holds, what it uses, and what it was told to do.
import { type ClientView, problemOf } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { Moment, useFormats } from '../formats/index.ts'
import { Failure, type Loading, Panel } from '../grid/index.ts'
import { Assigned } from '../groups/MembersTab.tsx'
import { PageLayout, type PageProps, Tag } from '../shell/index.ts'
import { href, Link, pages } from '../url/index.ts'
import { useClient } from './api.ts'
import { LinkState } from './ClientsPage.tsx'
import { Directives } from './Directives.tsx'
import { Subjects } from './Subjects.tsx'
import { stateOf } from './subjects.ts'

export function ClientPage({ parts: { id } }: PageProps<typeof pages.client>) {
  const { clients: text } = useText()
  const query = useClient(id)
  const isUnknown = query.error !== null && problemOf(query.error).code === 'CLIENT_UNKNOWN'
  const client = isUnknown ? undefined : query.data
  return (
    <PageLayout
      name={client?.service ?? id}
      title={<Title id={id} client={client} />}
      trail={[{ text: text.title, to: pages.clients }]}
    >
      {isUnknown && (
        <div className="grid-empty" data-state="unknown">
          <p>{text.unknown(id)}</p>
          <p>{text.unknownHint}</p>
          <Link to={pages.clients}>{text.toAll}</Link>
        </div>
      )}
      {!isUnknown && client === undefined && query.error !== null && <Failure query={query} />}
      {client !== undefined && (
        <>
          <div className="columns">
            <StatePanel client={client} query={query} />
            <UsePanel client={client} query={query} />
          </div>
          <Subjects client={client} query={query} />
          <Directives client={client} query={query} />
        </>
      )}
    </PageLayout>
  )
}

export interface ClientProps {
  readonly client: ClientView
  readonly query: Loading
}

function Title({ id, client }: { readonly id: string; readonly client: ClientView | undefined }) {
  const { clients: text } = useText()
  if (client === undefined) return id
  const behind = client.subjects.filter((subject) => stateOf(subject) !== 'held').length
  return (
    <>
      {client.service} <LinkState linked={client.linked} />
      {behind === 0 ? (
        <Tag tone="ok" state="follows" title={text.columns.behind}>
          {text.columns.behind}: {text.follows}
        </Tag>
      ) : (
        <Tag tone="warn" state="behind">
          {text.behind(behind)}
        </Tag>
      )}
    </>
  )
}

function StatePanel({ client, query }: ClientProps) {
  const { clients: text } = useText()
  const formats = useFormats()
  return (
    <Panel title={text.state} query={query}>
      <dl className="facts">
        <dt>{text.columns.id}</dt>
        <dd className="mono">{client.id}</dd>
        <dt>{text.columns.heard}</dt>
        <dd>
          <Moment at={client.lastHeard} />
        </dd>
        <dt>{text.silent}</dt>
        <dd className="number" data-value={client.silentMs}>
          {formats.duration(client.silentMs)}
        </dd>
        <dt>{text.columns.host}</dt>
        <dd>{client.host}</dd>
        <dt>{text.pid}</dt>
        <dd className="number">{formats.id(client.pid)}</dd>
        <dt>{text.release}</dt>
        <dd>{client.release}</dd>
        <dt>{text.columns.cluster}</dt>
        <dd>{client.cluster ?? text.noCluster}</dd>
      </dl>
    </Panel>
  )
}

const topicsShown = 100

function UsePanel({ client, query }: ClientProps) {
  const { clients: text, groups } = useText()
  const formats = useFormats()
  const cluster = client.cluster ?? ''
  return (
    <Panel title={text.work} query={query}>
      <dl className="facts">
        <dt>{text.columns.topics}</dt>
        <dd>
          {client.topics.length === 0 && <span className="quiet">{text.topicsNone}</span>}
          <ul className="names">
            {client.topics.slice(0, topicsShown).map((topic) => (
              <li key={topic}>
                <Link to={href(pages.topic, { cluster, topic })}>{topic}</Link>{' '}
                {client.missingTopics.includes(topic) && (
                  <Tag tone="bad" state="missing">
                    {text.missing}
                  </Tag>
                )}
              </li>
            ))}
            {client.topics.length > topicsShown && <li>{groups.moreTopics(client.topics.length - topicsShown)}</li>}
          </ul>
        </dd>
        <dt>{text.columns.groups}</dt>
        <dd>
          {client.groups.length === 0 && <span className="quiet">{text.groupsNone}</span>}
          <ul className="names">
            {client.groups.map(({ group, memberId, memberEpoch, assigned }) => (
              <li key={memberId}>
                <Link to={href(pages.group, { cluster, group })}>{group}</Link>{' '}
                <span className="quiet">{text.epochOf(formats.id(memberEpoch))}</span> ·{' '}
                <Assigned assigned={assigned} />
              </li>
            ))}
          </ul>
        </dd>
      </dl>
    </Panel>
  )
}

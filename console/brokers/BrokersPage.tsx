// /brokers?q&state: who is alive, who is not and why, who has trouble with its logs.
import { useMemo } from 'react'
import type { BrokerView } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { Age, useFormats } from '../formats/index.ts'
import { type Column, Grid, RowCount } from '../grid/index.ts'
import { ChoiceFilter, PageLayout, SearchBox } from '../shell/index.ts'
import { href, Link, pages, setQueryValues, useQueryValue } from '../url/index.ts'
import { AwaitedBrokers } from './AwaitedBrokers.tsx'
import { useBrokers } from './api.ts'
import { BrokerState, Trouble } from './BrokerState.tsx'
import { addressOf, isShown, states, troubleOf } from './filter.ts'
import './brokers.css'

export function BrokersPage() {
  const { brokers: text } = useText()
  const query = useBrokers()
  const [q] = useQueryValue('q')
  const [state] = useQueryValue('state')
  const all = query.data?.items ?? []
  const rows = all.filter((broker) => isShown(broker, { q, state }))
  const options = states.map((value) => ({ value, text: text.states[value] }))
  return (
    <PageLayout title={text.title} name={text.title} isFilled>
      <div className="filters">
        <SearchBox label={text.filter} />
        <ChoiceFilter
          name="state"
          label={text.columns.state}
          options={[{ value: '', text: text.anyState }, ...options]}
        />
        {query.data !== undefined && <RowCount shown={rows.length} total={all.length} />}
      </div>
      <AwaitedBrokers />
      <Grid
        label={text.title}
        columns={useColumns()}
        rows={rows}
        keyOf={({ id }) => String(id)}
        hrefOf={addressOfPage}
        query={query}
        sort={{ column: 'id', isDescending: false }}
        total={all.length}
        release={`${q} ${state}`}
        empty={<p>{text.nothingYet}</p>}
        onClearFilter={() => setQueryValues({ q: '', state: '' })}
      />
    </PageLayout>
  )
}

function addressOfPage({ cluster, id }: BrokerView): string {
  return href(pages.broker, { cluster, id: String(id) })
}

function useColumns(): readonly Column<BrokerView>[] {
  const { columns: text, broker: named, noRack } = useText().brokers
  const formats = useFormats()
  return useMemo(
    () => [
      {
        id: 'id',
        title: text.id,
        width: '88px',
        sort: ({ id }) => id,
        cell: (broker) => <Link to={addressOfPage(broker)}>{named(broker.id)}</Link>,
      },
      {
        id: 'state',
        title: text.state,
        width: '104px',
        sort: ({ state }) => state,
        cell: (broker) => <BrokerState broker={broker} />,
      },
      {
        id: 'trouble',
        title: text.trouble,
        width: 'minmax(168px, 2fr)',
        sort: (broker) => -troubleOf(broker),
        cell: (broker) => <Trouble broker={broker} />,
      },
      {
        id: 'why',
        title: text.why,
        width: 'minmax(112px, 3fr)',
        sort: ({ why }) => why,
        cell: ({ why }) => <span title={why}>{why}</span>,
      },
      {
        id: 'since',
        title: text.since,
        width: '96px',
        sort: ({ since }) => since,
        cell: ({ since }) => <Age at={since} />,
      },
      {
        id: 'address',
        title: text.address,
        width: 'minmax(152px, 1fr)',
        sort: addressOf,
        cell: (broker) => <span className="mono">{addressOf(broker)}</span>,
      },
      {
        id: 'rack',
        title: text.rack,
        width: 'minmax(72px, 1fr)',
        sort: ({ rack }) => rack ?? '',
        cell: ({ rack }) => rack ?? <span className="quiet">{noRack}</span>,
      },
      {
        id: 'release',
        title: text.release,
        width: '80px',
        sort: ({ release }) => release,
        cell: ({ release }) => release,
      },
      {
        id: 'leaders',
        title: text.leaders,
        width: '76px',
        align: 'right',
        sort: ({ leaders }) => leaders,
        cell: ({ leaders }) => formats.count(leaders),
      },
      {
        id: 'replicas',
        title: text.replicas,
        width: '76px',
        align: 'right',
        sort: ({ replicas }) => replicas,
        cell: ({ replicas }) => formats.count(replicas),
      },
    ],
    [text, named, noRack, formats],
  )
}

// The columns of a topic's partitions: state and why in words; a replica that is out of sync says how many messages it lacks.
import { useMemo } from 'react'
import { useText } from '../catalogue/index.ts'
import { useFormats } from '../formats/index.ts'
import type { Column } from '../grid/index.ts'
import { Tag } from '../shell/index.ts'
import { href, Link, pages } from '../url/index.ts'
import type { PartitionRow } from './PartitionsTab.tsx'
import { type ReplicaView, replicasOf, stateOrder } from './partitions.ts'

const tones = {
  ok: 'ok',
  moving: 'neutral',
  'under-replicated': 'warn',
  'below-min-isr': 'bad',
  offline: 'bad',
} as const

/** Where a row is about one partition. */
export function partitionColumn<Row extends { readonly partition: number }>(title: string, width: string): Column<Row> {
  const number = ({ partition }: Row) => partition
  return { id: 'partition', title, width, align: 'right', sort: number, cell: number }
}

export function epochColumn<Row extends { readonly leaderEpoch: number }>(title: string, width: string): Column<Row> {
  const epoch = ({ leaderEpoch }: Row) => leaderEpoch
  return { id: 'epoch', title, width, align: 'right', sort: epoch, cell: epoch }
}

export function usePartitionColumns(cluster: string): readonly Column<PartitionRow>[] {
  const { columns: text } = useText().topic
  const formats = useFormats()
  return useMemo(() => {
    const offset = (value: number | null | undefined) => (value == null ? '–' : formats.id(value))
    return [
      partitionColumn(text.partition, '88px'),
      {
        id: 'state',
        title: text.state,
        width: 'minmax(228px, 3fr)',
        sort: ({ state }) => -stateOrder[state],
        cell: (row) => <PartitionState row={row} />,
      },
      {
        id: 'leader',
        title: text.leader,
        width: 'minmax(100px, 1fr)',
        sort: ({ leader }) => leader,
        cell: (row) => <Leader row={row} cluster={cluster} />,
      },
      {
        id: 'replicas',
        title: text.ends,
        width: 'minmax(212px, 3fr)',
        sort: ({ isr, replicas }) => isr.length - replicas.length,
        cell: (row) => (
          <span className="replicas">
            {replicasOf(row, row.offsets?.replicas).map((replica) => (
              <Replica key={replica.broker} replica={replica} />
            ))}
          </span>
        ),
      },
      {
        id: 'end',
        title: text.end,
        width: '96px',
        align: 'right',
        sort: ({ offsets }) => offsets?.end ?? -1,
        cell: ({ offsets }) => <span data-value={offsets?.end ?? undefined}>{offset(offsets?.end)}</span>,
      },
      {
        id: 'isr',
        title: text.isr,
        width: 'minmax(72px, 1fr)',
        sort: ({ isr }) => isr.length,
        cell: ({ isr }) => <span data-value={isr.join(',')}>{isr.join(', ')}</span>,
      },
      {
        id: 'elr',
        title: text.elr,
        width: '56px',
        cell: ({ elr }) => (elr.length === 0 ? <span className="quiet">–</span> : elr.join(', ')),
      },
      epochColumn(text.epoch, '108px'),
      {
        id: 'start',
        title: text.start,
        width: '92px',
        align: 'right',
        sort: ({ offsets }) => offsets?.start ?? -1,
        cell: ({ offsets }) => offset(offsets?.start),
      },
    ]
  }, [text, formats, cluster])
}

function PartitionState({ row: { state, missing } }: { readonly row: PartitionRow }) {
  const { partitionStates, partitionHarm, why } = useText().topic
  const reasons = missing.map((each) => why[each.why](each.broker)).join(', ')
  return (
    <>
      <Tag tone={tones[state]} state={state} title={partitionHarm[state]}>
        {partitionStates[state]}
      </Tag>{' '}
      <span title={reasons}>{reasons}</span>
    </>
  )
}

function Leader({ row: { leader, replicas }, cluster }: { readonly row: PartitionRow; readonly cluster: string }) {
  const text = useText().topic
  if (leader === -1) return <Tag tone="bad">{text.noLeader}</Tag>
  const [preferred = leader] = replicas
  return (
    <>
      <Link to={href(pages.broker, { cluster, id: String(leader) })}>{leader}</Link>{' '}
      {leader === preferred ? (
        <span className="quiet">{text.preferred}</span>
      ) : (
        <span className="quiet" title={text.notPreferred(preferred)}>
          ≠ {preferred}
        </span>
      )}
    </>
  )
}

/** Broker and LEO; how far it is behind where it is. */
function Replica({ replica }: { readonly replica: ReplicaView }) {
  const text = useText().topic
  const formats = useFormats()
  const { broker, isLeader, isInSync, end, bytes, behind, why } = replica
  const lag = behind === undefined || behind === 0 ? '' : formats.count(behind)
  const told = end == null ? text.leoUnknown(broker) : text.leoOf(broker, formats.id(end), lag)
  const title = bytes == null ? told : `${told}, ${formats.bytes(bytes)}`
  const state = isLeader ? 'leader' : isInSync ? 'in-sync' : (why ?? 'behind')
  return (
    <span className="replica" data-state={state} data-value={end ?? undefined} title={title}>
      <b>{broker}</b> {end == null ? '–' : formats.id(end)}
      {lag !== '' && <em>{text.behindBy(lag)}</em>}
    </span>
  )
}

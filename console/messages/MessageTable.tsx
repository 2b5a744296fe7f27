// The messages that were read, a line each; the newest first where one looks at the end, else in the order read.
import { type ReactNode, useMemo } from 'react'
import { useText } from '../catalogue/index.ts'
import { useFormats } from '../formats/index.ts'
import { type Column, Grid } from '../grid/index.ts'
import { searchOf } from '../url/index.ts'
import type { Bytes } from './api.ts'
import { previewOf } from './bytes.ts'
import type { Row } from './reading.ts'
import type { Asked, Reads } from './use-reader.ts'

interface MessageTableProps {
  readonly reads: Reads
  readonly asked: Asked
  readonly empty: ReactNode
  readonly onClearFilter: () => void
}

export function MessageTable({ reads, asked, empty, onClearFilter }: MessageTableProps) {
  const { messages: text } = useText()
  const { reading, id, query } = reads
  const isFiltered = asked.key !== '' || asked.contains !== '' || asked.partition !== ''
  const isNewestFirst = asked.start.kind === 'latest' || asked.isLive
  return (
    <Grid
      label={text.title}
      columns={useColumns()}
      rows={reading.rows}
      keyOf={({ place }) => place}
      hrefOf={addressOf}
      query={query}
      sort={{ column: 'time', isDescending: isNewestFirst }}
      release={id}
      // What a filter hides cannot be counted: that some is hidden is all that is known; of the newest not even that, for the
      // older ones were not looked at.
      total={
        isFiltered && reading.isComplete && asked.start.kind !== 'latest'
          ? reading.rows.length + 1
          : reading.rows.length
      }
      empty={reading.isComplete ? empty : <p>{text.nothingFound}</p>}
      onClearFilter={onClearFilter}
    />
  )
}

/** The present view, with the message's drawer. */
function addressOf({ place }: Row): string {
  const search = Object.fromEntries(new URLSearchParams(window.location.search))
  return window.location.pathname + searchOf({ ...search, message: place })
}

/** Nothing, no bytes, and some bytes look different. */
function Preview({ view, bytes, none }: { readonly view: Bytes; readonly bytes: number; readonly none: string }) {
  const { messages: text } = useText()
  if (view === null) return <span className="quiet">{none}</span>
  if (bytes === 0) return <span className="quiet">{text.noBytes}</span>
  return <span className="mono">{previewOf(view)}</span>
}

function useColumns(): readonly Column<Row>[] {
  const { messages: text } = useText()
  const { columns } = text
  const formats = useFormats()
  return useMemo(
    () => [
      {
        id: 'time',
        title: columns.time,
        width: '200px',
        sort: ({ sequence }) => sequence,
        cell: ({ timestamp }) =>
          timestamp === null ? (
            <span className="quiet">{text.noTime}</span>
          ) : (
            <time className="number" dateTime={timestamp}>
              {formats.exactTime(timestamp)}
            </time>
          ),
      },
      { id: 'partition', title: columns.partition, width: '80px', align: 'right', cell: ({ partition }) => partition },
      {
        id: 'offset',
        title: columns.offset,
        width: '112px',
        align: 'right',
        cell: ({ offset }) => formats.id(offset),
      },
      {
        id: 'key',
        title: columns.key,
        width: 'minmax(120px, 1fr)',
        cell: ({ key, keyBytes }) => <Preview view={key} bytes={keyBytes} none={text.noKey} />,
      },
      {
        id: 'value',
        title: columns.value,
        width: 'minmax(240px, 4fr)',
        cell: ({ value, valueBytes }) => <Preview view={value} bytes={valueBytes} none={text.noValue} />,
      },
      {
        id: 'size',
        title: columns.size,
        width: '88px',
        align: 'right',
        cell: ({ keyBytes, valueBytes }) => formats.bytes(keyBytes + valueBytes),
      },
    ],
    [columns, text, formats],
  )
}

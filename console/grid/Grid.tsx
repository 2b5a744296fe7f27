// The table of the console: rows of 32 px, only those in sight are in the page, so 10,000 rows scroll like ten.
//
// It is one stop of the Tab key; inside, arrows or j and k move, Enter opens. The sort stands in the address (`sort=-lag`).
import {
  type CSSProperties,
  type KeyboardEvent,
  memo,
  type ReactNode,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
} from 'react'
import { useText } from '../catalogue/index.ts'
import { useFormats } from '../formats/index.ts'
import { navigate, useQueryValue } from '../url/index.ts'
import { Failure, type Loading, OldData } from './Failure.tsx'
import './grid.css'
import { Head } from './Head.tsx'
import { hold, type Placed, place, readSort, type Sort, sortRows } from './order.ts'
import { rowForKey, rowHeight, scrollFor, windowOf } from './window.ts'

export interface Column<Row> {
  readonly id: string
  readonly title: string
  /** A track of a CSS grid: '96px', 'minmax(160px, 2fr)'. */
  readonly width: string
  readonly align?: 'right'
  /** What it is sorted by; without, the column cannot be sorted. */
  readonly sort?: (row: Row) => string | number
  readonly cell: (row: Row) => ReactNode
}

export interface GridProps<Row> {
  /** What the table is, for those who hear it. */
  readonly label: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row) => string
  /** Where Enter and a click lead. */
  readonly hrefOf?: (row: Row) => string
  /** The query that the rows come from: loading, failed and old data are drawn from it. */
  readonly query: Loading
  readonly sort: Sort
  /** How many there are without the filter. */
  readonly total?: number
  /** Shown when there is nothing yet: says what it is, and the one thing to do. */
  readonly empty: ReactNode
  readonly onClearFilter?: () => void
  /** A change lets held rows go: the filter's text, a count of own writes. */
  readonly release?: string
  /** 'fill' takes the height that is left on the page; 'fit' is as high as its rows, up to 480 px. */
  readonly height?: 'fill' | 'fit'
  /** The key of a row to bring into sight when it is first there: what was just created. */
  readonly reveal?: string
  /** Of several tables on one page: the name of this one's sort in the address. */
  readonly sortName?: string
}

export function Grid<Row>(props: GridProps<Row>) {
  const { label, columns, rows, keyOf, query, total = rows.length, height = 'fill', sortName = 'sort' } = props
  const [sortText] = useQueryValue(sortName)
  const sort = readSort(sortText, props.sort)
  const sortedBy = columns.find(({ id }) => id === sort.column)?.sort
  const { isDescending } = sort
  const sorted = useMemo(
    () => (sortedBy === undefined ? rows : sortRows(rows, sortedBy, keyOf, isDescending)),
    [rows, sortedBy, keyOf, isDescending],
  )
  const { placed, fresh, hands, letGo } = usePlaces(sorted, keyOf, `${sortText} ${props.release ?? ''}`)
  const isFirstLoad = query.isPending && query.data === undefined
  const failedEmpty = query.error !== null && query.data === undefined
  return (
    <section {...hands} className={`grid grid-${height}`} aria-label={label} aria-busy={isFirstLoad}>
      <Scroller {...props} placed={placed} head={<Head columns={columns} sort={sort} sortName={sortName} />}>
        {isFirstLoad && <Skeleton columns={columns} />}
        {failedEmpty && <Failure query={query} />}
        {!isFirstLoad && !failedEmpty && placed.length === 0 && <Empty {...props} total={total} />}
      </Scroller>
      {fresh > 0 && <Fresh count={fresh} letGo={letGo} />}
      {query.error !== null && query.data !== undefined && <OldData query={query} />}
    </section>
  )
}

/** Rows keep their places while held: the pointer is over the table, "3 new" among it, or the focus is in it. */
function usePlaces<Row>(sorted: readonly Row[], keyOf: (row: Row) => string, release: string) {
  const [isPointed, setPointed] = useState(false)
  const [isFocused, setFocused] = useState(false)
  const [, rerender] = useState(0)
  const last = useRef<{ release: string; placed: readonly Placed<Row>[] }>({ release, placed: [] })
  const isHeld = (isPointed || isFocused) && last.current.release === release && last.current.placed.length > 0
  const { placed, fresh } = isHeld
    ? hold(last.current.placed, sorted, keyOf)
    : { placed: place(sorted, keyOf), fresh: 0 }
  useEffect(() => {
    last.current = { release, placed }
  })
  const hands = {
    onPointerEnter: ({ pointerType }: { pointerType: string }) => setPointed(pointerType === 'mouse'),
    onPointerLeave: () => setPointed(false),
    onFocus: () => setFocused(true),
    onBlur: () => setFocused(false),
  }
  const letGo = () => {
    last.current = { release, placed: [] }
    rerender((count) => count + 1)
  }
  return { placed, fresh, hands, letGo }
}

type ScrollerProps<Row> = GridProps<Row> & {
  readonly placed: readonly Placed<Row>[]
  readonly head: ReactNode
  /** What stands there in place of rows. */
  readonly children: ReactNode
}

function Scroller<Row>({ label, columns, placed, hrefOf, reveal = '', head, children }: ScrollerProps<Row>) {
  const id = useId()
  const { scroller, scrollTop, setScrollTop, height } = useScroll()
  const [activeKey, setActiveKey] = useState<string>()
  const active = placed.findIndex(({ key }) => key === activeKey)
  const revealed = reveal === '' ? -1 : placed.findIndex(({ key }) => key === reveal)
  useEffect(() => {
    const element = scroller.current
    if (revealed === -1 || element === null || height === 0) return
    element.scrollTop = scrollFor(revealed, element.scrollTop, height)
  }, [revealed, height, scroller])
  const { first, end } = windowOf(scrollTop, height, placed.length)
  const open = (row: Row) => hrefOf !== undefined && navigate(hrefOf(row))
  const press = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return
    const there = placed[active]
    if (event.key === 'Enter' && there !== undefined) return open(there.row)
    const next = rowForKey(event.key, active, placed.length, Math.max(1, Math.floor(height / rowHeight) - 1))
    const element = scroller.current
    if (next === undefined || element === null) return
    event.preventDefault()
    setActiveKey(placed[next]?.key)
    element.scrollTop = scrollFor(next, element.scrollTop, height)
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: a <table> cannot leave out the rows that are out of sight.
    <div
      ref={scroller}
      className="grid-scroller"
      style={trackStyle(columns)}
      role="grid"
      aria-label={label}
      aria-rowcount={placed.length + 1}
      aria-colcount={columns.length}
      aria-activedescendant={active === -1 ? undefined : `${id}-${active}`}
      tabIndex={0}
      onKeyDown={press}
      onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
    >
      {head}
      {children}
      {/* biome-ignore lint/a11y/useSemanticElements: see above. */}
      <div className="grid-rows" role="rowgroup" style={{ height: placed.length * rowHeight }}>
        {placed.slice(first, end).map(({ row, key, isGone }, offset) => (
          <GridRow
            key={key}
            id={`${id}-${first + offset}`}
            index={first + offset}
            isActive={key === activeKey}
            isGone={isGone}
            isLink={hrefOf !== undefined}
            columns={columns as readonly Column<unknown>[]}
            row={row}
            rowKey={key}
            onPick={setActiveKey}
            onOpen={open as (row: unknown) => void}
          />
        ))}
      </div>
    </div>
  )
}

/** How far it is scrolled, and the height in px that rows have below the head. */
function useScroll() {
  const scroller = useRef<HTMLDivElement>(null)
  const [scrollTop, setScrollTop] = useState(0)
  const [height, setHeight] = useState(0)
  useEffect(() => {
    const element = scroller.current
    if (element === null) return undefined
    const observer = new ResizeObserver(() => setHeight(element.clientHeight - rowHeight))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return { scroller, scrollTop, setScrollTop, height }
}

/** The tracks of all columns, and how narrow they can get before the table scrolls sideways. */
function trackStyle(columns: readonly { readonly width: string }[]): CSSProperties {
  const widthMin = columns.reduce((sum, { width }) => sum + Number(/\d+(?=px)/.exec(width)?.[0] ?? 0), 0)
  return {
    '--grid-columns': columns.map(({ width }) => width).join(' '),
    '--grid-min': `${widthMin}px`,
  } as CSSProperties
}

interface GridRowProps {
  readonly id: string
  readonly index: number
  readonly isActive: boolean
  readonly isGone: boolean
  readonly isLink: boolean
  readonly columns: readonly Column<unknown>[]
  readonly row: unknown
  readonly rowKey: string
  readonly onPick: (key: string) => void
  readonly onOpen: (row: unknown) => void
}

/** Drawn again only when what it shows has changed: a refresh of 10,000 rows touches few. */
const GridRow = memo(function GridRow(props: GridRowProps) {
  const { id, index, isActive, isGone, isLink, columns, row, rowKey, onPick, onOpen } = props
  const state = isGone ? 'gone' : isActive ? 'active' : undefined
  return (
    // biome-ignore lint/a11y/useSemanticElements: see the grid.
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid takes the keys for its rows.
    <div
      id={id}
      className={isLink ? 'grid-row grid-row-link' : 'grid-row'}
      role="row"
      tabIndex={-1}
      aria-rowindex={index + 2}
      aria-selected={isActive}
      data-state={state}
      data-key={rowKey}
      style={{ transform: `translateY(${index * rowHeight}px)` }}
      onClick={(event) => {
        onPick(rowKey)
        const isOwnControl = (event.target as Element).closest('a, button, input') !== null
        const isSelecting = window.getSelection()?.isCollapsed === false
        if (!isOwnControl && !isSelecting) onOpen(row)
      }}
    >
      {columns.map(({ id: column, align, cell }) => (
        // biome-ignore lint/a11y/useSemanticElements: see the grid.
        // biome-ignore lint/a11y/useFocusableInteractive: the grid moves by rows.
        <div key={column} className="grid-cell" role="gridcell" data-column={column} data-align={align}>
          {cell(row)}
        </div>
      ))}
    </div>
  )
}, isSameRow)

/** Cells are made from the row and the columns; how to open it may be another function each time without looking different. */
function isSameRow(one: GridRowProps, other: GridRowProps): boolean {
  return (
    one.row === other.row &&
    one.columns === other.columns &&
    one.index === other.index &&
    one.isActive === other.isActive &&
    one.isGone === other.isGone
  )
}

function Empty<Row>({ total, empty, onClearFilter }: GridProps<Row> & { readonly total: number }) {
  const { grid } = useText()
  if (total === 0) return <div className="grid-empty">{empty}</div>
  return (
    <div className="grid-empty">
      <p>{grid.filteredOut}</p>
      {onClearFilter !== undefined && (
        <button type="button" className="text-button" onClick={onClearFilter}>
          {grid.clearFilter}
        </button>
      )}
    </div>
  )
}

function Fresh({ count, letGo }: { readonly count: number; readonly letGo: () => void }) {
  const { grid } = useText()
  return (
    <button type="button" className="grid-fresh" title={grid.freshHint} onClick={letGo}>
      {grid.fresh(count)}
    </button>
  )
}

/** Rows of the final height, without words, once loading has taken long enough to be noticed (grid.css). */
function Skeleton<Row>({ columns }: { readonly columns: readonly Column<Row>[] }) {
  const { shell } = useText()
  return (
    <div className="grid-skeleton late" role="status" aria-label={shell.loading}>
      {[70, 55, 85, 60, 75, 50, 65, 80].map((width) => (
        <div key={width} className="grid-row">
          {columns.map(({ id }) => (
            <div key={id} className="grid-cell">
              <span className="bone" style={{ width: `${width}%` }} />
            </div>
          ))}
        </div>
      ))}
    </div>
  )
}

/** 'N of M rows', for beside the filter. */
export function RowCount({ shown, total }: { readonly shown: number; readonly total: number }) {
  const { grid } = useText()
  const formats = useFormats()
  return (
    <span className="quiet number" data-value={shown} title={formats.count(total)}>
      {shown === total ? grid.rows(total) : grid.rowsOf(shown, total)}
    </span>
  )
}

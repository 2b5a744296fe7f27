// The heads of a table's columns: what can be sorted is a button, and the sort goes to the address.
import { useText } from '../catalogue/index.ts'
import { setQueryValues } from '../url/index.ts'
import type { Column } from './Grid.tsx'
import { nextSort, type Sort, writeSort } from './order.ts'

interface HeadProps<Row> {
  readonly columns: readonly Column<Row>[]
  readonly sort: Sort
  readonly sortName: string
}

export function Head<Row>({ columns, sort, sortName }: HeadProps<Row>) {
  const { grid } = useText()
  return (
    // biome-ignore lint/a11y/useSemanticElements: see the grid.
    // biome-ignore lint/a11y/useFocusableInteractive: its buttons take the focus.
    <div className="grid-head" role="row" aria-rowindex={1}>
      {columns.map(({ id, title, align, sort: sortable }) => {
        const isSorted = sort.column === id
        return (
          // biome-ignore lint/a11y/useSemanticElements: see the grid.
          // biome-ignore lint/a11y/useFocusableInteractive: its button takes the focus.
          <div
            key={id}
            className="grid-cell"
            role="columnheader"
            aria-sort={isSorted ? (sort.isDescending ? 'descending' : 'ascending') : undefined}
            data-align={align}
          >
            {sortable === undefined ? (
              title
            ) : (
              <button
                type="button"
                title={grid.sortBy(title)}
                onClick={() => setQueryValues({ [sortName]: writeSort(nextSort(sort, id)) })}
              >
                {title}
                <span aria-hidden="true">{isSorted ? (sort.isDescending ? ' ↓' : ' ↑') : ''}</span>
              </button>
            )}
          </div>
        )
      })}
    </div>
  )
}

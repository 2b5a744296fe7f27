// In which order rows stand, pure. Rows keep their places while somebody points at them or has them in focus: what is new waits to
// be asked for, what is gone stays, marked, until nobody looks (console.md: "3 new").

export interface Sort {
  readonly column: string
  readonly isDescending: boolean
}

/** `name` or `-name`, as it stands in the address. */
export function readSort(text: string, fallback: Sort): Sort {
  if (text === '') return fallback
  return text.startsWith('-') ? { column: text.slice(1), isDescending: true } : { column: text, isDescending: false }
}

export function writeSort({ column, isDescending }: Sort): string {
  return isDescending ? `-${column}` : column
}

/** What a press on a column's head makes of the sort: ascending first, then the other way round. */
export function nextSort(sort: Sort, column: string): Sort {
  return { column, isDescending: sort.column === column && !sort.isDescending }
}

type Sortable = string | number

/** A sorted copy; equal rows are ordered by their keys, so that no refresh makes them dance. */
export function sortRows<Row>(
  rows: readonly Row[],
  sortedBy: (row: Row) => Sortable,
  keyOf: (row: Row) => string,
  isDescending: boolean,
): Row[] {
  const valued = rows.map((row) => ({ row, value: comparable(sortedBy(row)), key: comparable(keyOf(row)) }))
  const sign = isDescending ? -1 : 1
  valued.sort((one, other) => sign * compare(one.value, other.value) || compare(one.key, other.key))
  return valued.map(({ row }) => row)
}

/**
 * A text such that plain comparison orders as people count: t-2, t-9, T-10. Made once a row: Intl.Collator, which does the same
 * at each comparison, takes 150 ms for 10,000 rows, and they are sorted anew with each refresh.
 */
function comparable(value: Sortable): Sortable {
  return typeof value === 'number' ? value : value.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(16, '0'))
}

function compare(one: Sortable, other: Sortable): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}

export interface Placed<Row> {
  readonly row: Row
  readonly key: string
  readonly isGone: boolean
}

/** All rows in their order: nobody is looking. */
export function place<Row>(sorted: readonly Row[], keyOf: (row: Row) => string): Placed<Row>[] {
  return sorted.map((row) => ({ row, key: keyOf(row), isGone: false }))
}

/** The rows in the places they had, with what is known of them now, and how many are not shown yet. */
export function hold<Row>(
  shown: readonly Placed<Row>[],
  sorted: readonly Row[],
  keyOf: (row: Row) => string,
): { placed: Placed<Row>[]; fresh: number } {
  const now = new Map(sorted.map((row) => [keyOf(row), row]))
  let kept = 0
  const placed = shown.map(({ row, key }) => {
    const present = now.get(key)
    if (present === undefined) return { row, key, isGone: true }
    kept += 1
    return { row: present, key, isGone: false }
  })
  return { placed, fresh: now.size - kept }
}

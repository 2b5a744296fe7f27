// Which rows of a long table stand in the page, and where keys lead, pure.

export const rowHeight = 32
const overscanRows = 6

/** Rows from `first` up to, not including, `end`. */
export interface Window {
  readonly first: number
  readonly end: number
}

export function windowOf(scrollTop: number, height: number, rows: number): Window {
  const top = Math.floor(scrollTop / rowHeight)
  const visible = Math.ceil(height / rowHeight) + 1
  return { first: Math.max(0, Math.min(top, rows) - overscanRows), end: Math.min(rows, top + visible + overscanRows) }
}

/** Where the table must be scrolled so that `row` is in sight. */
export function scrollFor(row: number, scrollTop: number, height: number): number {
  const top = row * rowHeight
  if (top < scrollTop) return top
  return top + rowHeight > scrollTop + height ? top + rowHeight - height : scrollTop
}

/** The row that a key leads to from `active` (-1: none yet), or undefined when the key means nothing here. */
export function rowForKey(key: string, active: number, rows: number, rowsPerPage: number): number | undefined {
  const clamp = (row: number) => Math.max(0, Math.min(rows - 1, row))
  switch (key) {
    case 'ArrowDown':
    case 'j':
      return clamp(active + 1)
    case 'ArrowUp':
    case 'k':
      return clamp(active - 1)
    case 'PageDown':
      return clamp(active + rowsPerPage)
    case 'PageUp':
      return clamp(active - rowsPerPage)
    case 'Home':
      return 0
    case 'End':
      return rows - 1
    default:
      return undefined
  }
}

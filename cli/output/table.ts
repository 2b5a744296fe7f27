// Rows under headings. On a terminal a row is one line: where it does not fit, the widest texts are cut, and what the row is about last. In a pipe all of it stands.
import type { Output } from '../io.ts'
import { fitted, harmless, paint, type Style, widthOf } from './text.ts'

export type Plain = string | number | boolean | null | undefined
export type Cell = Plain | { readonly text: Plain; readonly style: Style }

const gap = 2
/** A column is not cut below this. */
const narrowest = 6

/** Numbers stand to the right; null and undefined are shown as a dash. */
export function table(out: Output, headings: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) => headings.map((_, column) => textOf(row[column])))
  const isNumeric = headings.map((_, column) => rows.length > 0 && rows.every((row) => isNumber(row[column])))
  const wanted = headings.map((heading, column) =>
    Math.max(widthOf(heading), ...texts.map((row) => widthOf(row[column] ?? ''))),
  )
  const widths = out.columns === undefined ? wanted : fittedWidths(wanted, isNumeric, out.columns)
  const line = (cells: readonly string[], styleOf: (column: number) => Style | undefined) =>
    cells
      .map((cell, column) => {
        const text = fitted(cell, widths[column] ?? 0)
        const style = styleOf(column)
        const painted = style === undefined ? text : paint(out, style, text)
        const space = ' '.repeat((widths[column] ?? 0) - widthOf(text))
        if (isNumeric[column]) return space + painted
        return column === cells.length - 1 ? painted : painted + space
      })
      .join(' '.repeat(gap))
      .trimEnd()
  return [
    line(headings, () => 'bold'),
    ...texts.map((cells, row) => line(cells, (at) => styleOf(rows[row]?.[at]))),
  ].join('\n')
}

/** Takes from the widest column of text, again and again, until the line fits or nothing is left to take; from the first, the name, last. */
export function fittedWidths(wanted: readonly number[], isNumeric: readonly boolean[], columns: number): number[] {
  const widths = wanted.map((width, column) => (isNumeric[column] ? width : Math.min(width, columns)))
  let excess = widths.reduce((sum, width) => sum + width, 0) + gap * (widths.length - 1) - columns
  while (excess > 0) {
    const cuttable = [...widths.keys()].filter((column) => !isNumeric[column] && (widths[column] ?? 0) > narrowest)
    if (cuttable.length === 0) break
    const open = cuttable.length === 1 ? cuttable : cuttable.filter((column) => column > 0)
    const sorted = open.sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))
    const widest = sorted[0] ?? 0
    // Down to the second widest at once: a value of a megabyte must not cost a million rounds.
    const floor = Math.max(narrowest, sorted[1] === undefined ? narrowest : (widths[sorted[1]] ?? 0) - 1)
    const take = Math.min(excess, (widths[widest] ?? 0) - floor)
    widths[widest] = (widths[widest] ?? 0) - take
    excess -= take
  }
  return widths
}

const plainOf = (cell: Cell): Plain => (typeof cell === 'object' && cell !== null ? cell.text : cell)
const isNumber = (cell: Cell) =>
  typeof plainOf(cell) === 'number' || plainOf(cell) === null || plainOf(cell) === undefined
const styleOf = (cell: Cell): Style | undefined => (typeof cell === 'object' && cell !== null ? cell.style : undefined)

function textOf(cell: Cell): string {
  const plain = plainOf(cell)
  return plain === null || plain === undefined ? '-' : harmless(String(plain))
}

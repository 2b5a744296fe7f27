// How commands print: columns for people, or JSON for programs (--json).
import type { Input, Option } from './command.ts'

export const jsonOption: Option = { name: 'json', doc: 'Print JSON, for programs.' }

export type Cell = string | number | boolean | null | undefined

/** Rows under headings, each column as wide as its widest cell; numbers to the right. */
export function table(headings: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) => row.map((cell) => (cell === null || cell === undefined ? '-' : String(cell))))
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...texts.map((row) => row[column]?.length ?? 0)),
  )
  const isNumeric = headings.map((_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number'))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) =>
        isNumeric[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd()
  return [headings, ...texts].map(line).join('\n')
}

/** Prints `value` as JSON when --json is given, and `text()` otherwise. */
export function print(input: Input, value: unknown, text: () => string): void {
  console.log(input.isSet('json') ? JSON.stringify(value) : text())
}

// Pieces of the pages that are made.

export const generated = '<!-- Made by `npm run docs`: change the tables in the code, not this page. -->'

export function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

/** Text in a cell of a table. */
export function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ')
}

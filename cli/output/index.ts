// What commands print: tables, units, colours, JSON.
export { jsonOption, print, say } from './print.ts'
export { type Cell, table } from './table.ts'
export { fitted, harmless, paint, type Style, widthOf } from './text.ts'
export { ageText, bytesText, counted, countText, timeText } from './units.ts'

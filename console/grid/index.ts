// Tables, and what is drawn in place of data: loading, empty, failed.
export { Failure, type Loading, OldData } from './Failure.tsx'
export { type Column, Grid, type GridProps, RowCount } from './Grid.tsx'
export { readSort, type Sort } from './order.ts'
export { Panel } from './Panel.tsx'

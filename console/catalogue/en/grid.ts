// Tables: loading, empty of three kinds, failed.
import { n } from './plural.ts'

export const grid = {
  rows: (count: number) => n(count, 'row'),
  rowsOf: (shown: number, all: number) => `${shown.toLocaleString('en')} of ${n(all, 'row')}`,
  fresh: (count: number) => `${count.toLocaleString('en')} new`,
  freshHint: 'Rows keep their places while you point at them. Press to see all that is there now.',
  sortBy: (column: string) => `Sort by ${column}`,
  filteredOut: 'The filter hides all rows.',
  clearFilter: 'Clear the filter',
  failed: 'This could not be loaded.',
  failedSince: (since: string) => `Failing since ${since}.`,
  requestId: (id: string) => `Request ${id}`,
  oldData: (time: string) => `Still shown: what Castle said at ${time}.`,
}

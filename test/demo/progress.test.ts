import { expect, test } from 'vitest'
import { barLine } from './progress.ts'

test.each([
  [0, 0, `[${' '.repeat(40)}]   0 %  0 sent  0 counted`],
  [100, 50, `[${'='.repeat(20)}${'-'.repeat(20)}]  50 %  100 sent  50 counted`],
  [100, 100, `[${'='.repeat(40)}] 100 %  100 sent  100 counted`],
])('%i sent, %i counted', (sent, counted, line) => {
  expect(barLine(100, sent, counted)).toBe(line)
})

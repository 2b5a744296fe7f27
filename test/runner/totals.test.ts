import { expect, test } from 'vitest'
import { exitCode, sum, totalsLine } from './totals.ts'

test('the last line is the sum of all parts', () => {
  const all = sum([
    { passed: 1, failed: 0, skipped: 0 },
    { passed: 40, failed: 2, skipped: 3 },
  ])
  expect(totalsLine(all)).toBe('41 passed, 2 failed, 3 skipped')
})

test.each([
  [{ passed: 5, failed: 0, skipped: 0 }, 0],
  [{ passed: 5, failed: 0, skipped: 9 }, 0],
  [{ passed: 5, failed: 1, skipped: 0 }, 1],
  [{ passed: 0, failed: 0, skipped: 4 }, 1],
])('exit code of %j is %i', (totals, code) => {
  expect(exitCode(totals)).toBe(code)
})

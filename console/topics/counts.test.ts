import { expect, test } from 'vitest'
import { countOf } from './counts.ts'

test.each([
  ['6', 6],
  [' 12 ', 12],
  ['10000', 10_000],
  ['', undefined],
  ['0', undefined],
  ['-1', undefined],
  ['1.5', undefined],
  ['1e3', undefined],
  ['abc', undefined],
  ['10001', undefined],
  ['9'.repeat(400), undefined],
])('%j is the count %j', (typed, count) => expect(countOf(typed, 10_000)).toBe(count))

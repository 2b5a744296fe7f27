import { CastellanError } from '@castellan/sdk'
import { expect, test } from 'vitest'
import { CommandError, exitCodeOf, exitCodes, UsageError } from './errors.ts'

test.each([
  [new UsageError('x'), 2],
  [new CommandError('x'), 1],
  [new CommandError('x', { outcome: 'notFound' }), 3],
  [new CastellanError('TOPIC_UNKNOWN', 'x'), 3],
  [new CastellanError('CASTLE_UNREACHABLE', 'x'), 5],
  [new CastellanError('DELIVERY_TIMEOUT', 'x'), 5],
  [new CastellanError('GROUP_REFUSED', 'x'), 4],
  [new CastellanError('DATA_CORRUPT', 'x'), 1],
  [new Error('x'), 1],
])('%s: exit code %i', (error, code) => {
  expect(exitCodeOf(error)).toBe(code)
})

test('each outcome has a code of its own and says what it means', () => {
  const codes = Object.values(exitCodes).map(({ code }) => code)
  expect(new Set(codes).size).toBe(codes.length)
  for (const { doc } of Object.values(exitCodes)) expect(doc).toMatch(/\.$/)
})

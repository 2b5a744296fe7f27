import { type Logger, silentLogger } from '@castellan/protocol/runtime'
import { expect, test } from 'vitest'
import { FakeClock } from '../testing/fake-clock.ts'
import { Complaints } from './complaints.ts'

test('a flood of one kind has one line in ten seconds, which says how many there were; another kind has its own', async () => {
  const clock = new FakeClock()
  const lines: Record<string, unknown>[] = []
  const log: Logger = { ...silentLogger, warn: (fields) => lines.push(fields) }
  const complaints = new Complaints(clock, log)
  for (let i = 0; i < 1000; i++) complaints.say('malformed', { i }, 'no request')
  complaints.say('refused', {}, 'unknown')
  expect(lines).toEqual([{ i: 0 }, {}])
  await clock.advance(10_000)
  complaints.say('malformed', { i: 1000 }, 'no request')
  expect(lines[2]).toEqual({ i: 1000, suppressed: 999 })
})

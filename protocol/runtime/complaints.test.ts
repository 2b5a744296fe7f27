import { expect, test } from 'vitest'
import type { Clock } from './clock.ts'
import { Complaints } from './complaints.ts'
import { type Logger, silentLogger } from './logger.ts'

test('a flood of one kind has one line in ten seconds, which says how many there were; another kind has its own', () => {
  let nowMs = 5_000
  const notAsked = () => {
    throw new Error('only the time is asked')
  }
  const clock: Clock = { nowMs: () => nowMs, wallMs: notAsked, bootMs: notAsked, after: notAsked, soon: notAsked }
  const lines: Record<string, unknown>[] = []
  const log: Logger = { ...silentLogger, warn: (fields) => lines.push(fields) }
  const complaints = new Complaints(clock, log)
  for (let i = 0; i < 1000; i++) complaints.say('malformed', { i }, 'no request')
  complaints.say('refused', {}, 'unknown')
  expect(lines).toEqual([{ i: 0 }, {}])
  nowMs += 10_000
  complaints.say('malformed', { i: 1000 }, 'no request')
  expect(lines[2]).toEqual({ i: 1000, suppressed: 999 })
})

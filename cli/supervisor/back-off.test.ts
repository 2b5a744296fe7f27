import { expect, test } from 'vitest'
import { afterDeath, isRestart, rested } from './back-off.ts'

test('a first death is mended at once, repeated ones ever later, up to a bound', () => {
  const delays: number[] = []
  let backOff = rested
  for (let death = 0; death < 10; death++) {
    const { next, delayMs } = afterDeath(backOff, 100)
    backOff = next
    delays.push(delayMs)
  }
  expect(delays).toEqual([50, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000])
  expect(afterDeath(backOff, 10_000)).toEqual({ next: { deaths: 1 }, delayMs: 50 })
})

test.each([
  [0, 60_000, true],
  [0, 10, false], // or one that ends at once would be started again without end
  [1, 60_000, false],
  [null, 60_000, false],
])('exit code %s after %i ms is a restart: %s', (exitCode, ranMs, expected) => {
  expect(isRestart(exitCode, ranMs)).toBe(expected)
})

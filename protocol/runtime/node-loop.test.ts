import { expect, test } from 'vitest'
import { silentLogger } from './logger.ts'
import { holdBoundsMs, LoopWatch } from './node-loop.ts'

function hold(ms: number): void {
  for (const endMs = performance.now() + ms; performance.now() < endMs; );
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 15))

test('the longest hold is found, told once, counted in its second, and logged when it is long', async () => {
  const said: object[] = []
  const watch = new LoopWatch({ ...silentLogger, warn: (fields) => void said.push(fields) })
  try {
    await turn()
    hold(300)
    await turn()
    const longestMs = watch.takeLongestMs()
    expect(longestMs).toBeGreaterThan(280)
    while (watch.counts.every((count) => count === 0)) await turn()
    const atLeast = watch.counts.slice(holdBoundsMs.indexOf(250) + 1).reduce((sum, count) => sum + count, 0)
    expect(atLeast).toBeGreaterThan(0)
    expect(watch.sumMs).toBeGreaterThan(280)
    expect(said[0]).toMatchObject({ heldMs: expect.any(Number) })
  } finally {
    watch.stop()
  }
})

// A hundred seeds of the whole platform under faults: every promise holds in each, and a seed replays to the byte.
import { expect, test } from 'vitest'
import { faultKinds } from './faults.ts'
import { explain, ordinary, type RunResult, runSeed } from './run.ts'

const seeds = Array.from({ length: 100 }, (_, i) => i + 1)

test('a hundred seeds keep every promise, and every kind of fault happens', { timeout: 170_000 }, async () => {
  const results: RunResult[] = []
  for (const seed of seeds) {
    const result = await runSeed(seed)
    expect(
      result.verdicts.every((verdict) => verdict.outcome === 'valid'),
      explain(result),
    ).toBe(true)
    expect(result.simulatedMs).toBeGreaterThanOrEqual(60_000)
    expect(result.acknowledged.length).toBe(ordinary.messages)
    results.push(result)
  }
  const counts = faultKinds.map(
    (kind) => [kind, results.reduce((sum, result) => sum + result.faults.get(kind)!, 0)] as const,
  )
  console.log(counts.map(([kind, count]) => `${kind} ${count}`).join(', '))
  expect(counts.filter(([, count]) => count === 0)).toEqual([])
  for (const result of results) {
    const happened = [...result.faults.values()].reduce((sum, count) => sum + count, 0)
    expect(happened, `seed ${result.seed}`).toBeGreaterThanOrEqual(5)
  }
})

test('a seed replays to the byte', async () => {
  const [one, other] = [await runSeed(7), await runSeed(7)]
  expect(one.traceHash).toBe(other.traceHash)
  expect((await runSeed(8)).traceHash).not.toBe(one.traceHash)
})

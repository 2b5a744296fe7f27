// What a range of seeds must show: every promise in each run, enough of everything in each, and every kind of fault in all.
import { expect } from 'vitest'
import { faultKinds } from './faults.ts'
import { explain, ordinary, type RunResult, runSeed } from './run.ts'

export async function expectSeedsToHold(first: number, count: number): Promise<void> {
  const happened = new Map<string, number>(faultKinds.map((kind) => [kind, 0]))
  for (let seed = first; seed < first + count; seed++) {
    const result = await runSeed(seed)
    expectToHold(result)
    for (const [kind, times] of result.faults) happened.set(kind, happened.get(kind)! + times)
  }
  console.log([...happened].map(([kind, times]) => `${kind} ${times}`).join(', '))
  expect([...happened].filter(([, times]) => times === 0)).toEqual([])
}

function expectToHold(result: RunResult): void {
  const holds = result.verdicts.every((verdict) => verdict.outcome === 'valid')
  expect(holds, explain(result)).toBe(true)
  expect(result.simulatedMs).toBeGreaterThanOrEqual(60_000)
  expect(result.acknowledged.length, explain(result)).toBe(ordinary.messages)
  const faults = [...result.faults.values()].reduce((sum, times) => sum + times, 0)
  expect(faults, `faults of seed ${result.seed}`).toBeGreaterThanOrEqual(5)
}

// What a range of seeds must show: every promise in each run, enough of everything in each, and every kind of fault in all.
import { Worker } from 'node:worker_threads'
import { nodeRuntime } from '@castellan/protocol/runtime'
import { expect } from 'vitest'
import { faultKinds } from './faults.ts'
import { explain, ordinary, type RunResult } from './run.ts'

/** As many as the smallest machine that this is tested on has cores. */
const workers = 2

export async function expectSeedsToHold(first: number, count: number): Promise<void> {
  const { clock } = nodeRuntime()
  const startMs = clock.nowMs()
  const shares = Array.from({ length: workers }, (_, share) =>
    Array.from({ length: count }, (_, i) => first + i).filter((seed) => seed % workers === share),
  )
  const results = (await Promise.all(shares.map(runSeeds))).flat()
  expect(results.length).toBe(count)
  report(results, (clock.nowMs() - startMs) / 1_000)
  for (const result of results) expectToHold(result)
  expect(faultKinds.filter((kind) => times(results, kind) === 0)).toEqual([])
}

function runSeeds(seeds: number[]): Promise<RunResult[]> {
  return new Promise((resolve, reject) => {
    const results: RunResult[] = []
    const worker = new Worker(new URL('./seeds-worker.ts', import.meta.url), { workerData: { seeds } })
    worker.on('message', (result: RunResult) => results.push(result))
    worker.on('error', (error) => reject(new Error(`after seeds ${results.map(({ seed }) => seed)}`, { cause: error })))
    worker.on('exit', () => resolve(results))
  })
}

function times(results: readonly RunResult[], kind: (typeof faultKinds)[number]): number {
  return results.reduce((sum, result) => sum + result.faults.get(kind)!, 0)
}

function report(results: readonly RunResult[], seconds: number): void {
  const simulated = results.reduce((sum, result) => sum + result.simulatedMs, 0) / 1_000
  const faults = faultKinds.map((kind) => `${kind} ${times(results, kind)}`).join(', ')
  console.log(`${results.length} seeds, ${simulated.toFixed(0)} simulated seconds in ${seconds.toFixed(0)}: ${faults}`)
}

function expectToHold(result: RunResult): void {
  const holds = result.verdicts.every((verdict) => verdict.outcome === 'valid')
  expect(holds, explain(result)).toBe(true)
  expect(result.simulatedMs).toBeGreaterThanOrEqual(60_000)
  expect(result.acknowledged.length, explain(result)).toBe(ordinary.messages)
  const faults = [...result.faults.values()].reduce((sum, count) => sum + count, 0)
  expect(faults, `faults of seed ${result.seed}`).toBeGreaterThanOrEqual(5)
}

// What a range of seeds must show: every promise in each run. A failure prints its seed.
import { nodeRuntime } from '@castellan/protocol/runtime'
import { expect } from 'vitest'
import { runSeeds } from './pool.ts'
import { Report } from './report.ts'
import { explain, ordinary } from './run.ts'

export type SeedRange =
  | { readonly first: number; readonly count: number }
  /** As many as fit. */
  | { readonly first: number; readonly minutes: number }

export async function expectSeedsToHold(range: SeedRange): Promise<Report> {
  const { clock } = nodeRuntime()
  const startMs = clock.nowMs()
  const report = new Report()
  let seed = range.first
  const isOver = () =>
    'count' in range ? seed >= range.first + range.count : clock.nowMs() - startMs > range.minutes * 60_000
  await runSeeds(
    () => (isOver() ? undefined : seed++),
    ordinary,
    (result) => report.add(result),
  )
  console.log(`from seed ${range.first}: ${report.summary}`)
  expect(report.failed.map(explain)).toEqual([])
  expect(report.seeds).toBeGreaterThan(0)
  return report
}

// What a range of seeds must show: every promise in each run. A failure prints its seed.
import { expect } from 'vitest'
import { ordinary } from './options.ts'
import { runSeeds } from './pool.ts'
import { Report } from './report.ts'
import { explain } from './run.ts'

export interface SeedRange {
  readonly first: number
  readonly count: number
}

export async function expectSeedsToHold(range: SeedRange): Promise<Report> {
  const report = new Report()
  let seed = range.first
  const isOver = () => seed >= range.first + range.count
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

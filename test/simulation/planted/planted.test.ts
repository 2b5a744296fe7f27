// The recorded seed of each planted bug shows it. `npm run test:long` looks for them from seed 1 on, as if none was known.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { plantedBugs } from './bugs.ts'
import { find } from './find.ts'

describe('the recorded seed shows', () => {
  test.concurrent.each(plantedBugs)('$name', async (bug) => {
    const found = await find({ bug, first: bug.seed, cpuMs: 0 })
    expect(found).toMatchObject({ notPlanted: [], broken: expect.arrayContaining([bug.breaks]) })
  })
})

test('each changes text that stands where it says, once', () => {
  const missing = plantedBugs.flatMap(({ changes }) =>
    changes.filter(({ file, find }) => {
      const text = readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8')
      return text.split(find).length !== 2
    }),
  )
  expect(missing).toEqual([])
})

test('there are at least ten, and each has its seed', () => {
  expect(plantedBugs.length).toBeGreaterThanOrEqual(10)
  expect(plantedBugs.filter(({ seed }) => seed === 0).map(({ name }) => name)).toEqual([])
})

// Each planted bug is found within a minute of a core, from its recorded seed on.
import { expect, test } from 'vitest'
import { plantedBugs } from './bugs.ts'
import { find } from './find.ts'

const minuteMs = 60_000

test.each(plantedBugs)('$name is found within a minute', { timeout: 600_000 }, async (bug) => {
  const found = await find({ bug, first: 1, cpuMs: minuteMs })
  console.log(`${bug.name}: seed ${found.seed}, ${found.tried} tried: ${found.broken.join('; ')}`)
  expect(found).toMatchObject({ notPlanted: [], seed: expect.any(Number) })
})

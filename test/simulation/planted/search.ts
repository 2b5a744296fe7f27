// `node test/simulation/planted/search.ts [WORDS OF A NAME]`: looks for the first seed that shows each planted bug, for a minute each.
import { nodeRuntime } from '@castellan/protocol/runtime'
import { plantedBugs } from './bugs.ts'
import { find } from './find.ts'

const words = process.argv.slice(2).join(' ')
const { clock } = nodeRuntime()
for (const bug of plantedBugs.filter(({ name }) => name.includes(words))) {
  const startMs = clock.nowMs()
  const { seed, tried, broken, notPlanted } = await find({ bug, first: 1, forMs: 60_000 })
  const took = `${tried} seeds, ${((clock.nowMs() - startMs) / 1_000).toFixed(1)} s`
  console.log(`${bug.name}: ${seed === null ? 'NOT FOUND' : `seed ${seed}`} (${took}) ${broken.join('; ')}`)
  for (const missing of notPlanted) console.log(`  not planted: ${missing}`)
}

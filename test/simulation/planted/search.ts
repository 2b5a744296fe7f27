// `node test/simulation/planted/search.ts [WORDS OF A NAME]`: looks for the first seed that shows each planted bug, for a minute of a core
// each.
import { plantedBugs } from './bugs.ts'
import { find } from './find.ts'

const words = process.argv.slice(2).join(' ')
for (const bug of plantedBugs.filter(({ name }) => name.includes(words))) {
  const { seed, tried, broken, notPlanted } = await find({ bug, first: 1, cpuMs: 60_000 })
  console.log(`${bug.name}: ${seed === null ? 'NOT FOUND' : `seed ${seed}`} (${tried} tried) ${broken.join('; ')}`)
  for (const missing of notPlanted) console.log(`  not planted: ${missing}`)
}

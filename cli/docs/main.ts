// `npm run docs`: writes the pages of docs/ that are made from the code.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pages } from './pages.ts'

const folder = join(import.meta.dirname, '..', '..', 'docs')

for (const [name, text] of Object.entries(await pages())) {
  writeFileSync(join(folder, name), text)
  console.log(`docs/${name} is made.`)
}

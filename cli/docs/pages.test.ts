import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { brokerProcess } from '../commands/broker.ts'
import { castleProcess } from '../commands/castle.ts'
import { variableOf } from '../settings.ts'
import { pages } from './pages.ts'

const folder = join(import.meta.dirname, '..', '..', 'docs')
const made = await pages()

test.each(Object.entries(made))('docs/%s is what the code says', (name, text) => {
  const isFresh = readFileSync(join(folder, name), 'utf8') === text
  expect(isFresh, `docs/${name} is stale: run npm run docs`).toBe(true)
})

test.each([castleProcess, brokerProcess])('every setting of $name is there, with its variable', ({ prefix, table }) => {
  const page = made['configuration.md']
  for (const { name } of Object.values(table))
    expect(page).toContain(`| \`${name}\` | \`${variableOf(prefix, name)}\` |`)
})

test('no two settings of a process share a variable', () => {
  for (const { prefix, table } of [castleProcess, brokerProcess]) {
    const variables = Object.values(table).map(({ name }) => variableOf(prefix, name))
    expect(new Set([...variables, variableOf(prefix, 'config')]).size).toBe(variables.length + 1)
  }
})

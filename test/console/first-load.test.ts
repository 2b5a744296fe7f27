// What a browser must fetch before it shows the first page: the budget of console.md, on the built files.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../processes/index.ts'

const dist = join(root, 'console', 'dist')
const budgetKiB = 290

interface Chunk {
  readonly file: string
  readonly css?: readonly string[]
  readonly imports?: readonly string[]
  readonly isEntry?: boolean
}

/** The files of a chunk and of all that it imports. */
function filesOf(manifest: Readonly<Record<string, Chunk>>, name: string, found = new Set<string>()): Set<string> {
  const chunk = manifest[name]
  if (chunk === undefined) throw new Error(`the build has no ${name}`)
  if (found.has(chunk.file)) return found
  found.add(chunk.file)
  for (const css of chunk.css ?? []) found.add(css)
  for (const other of chunk.imports ?? []) filesOf(manifest, other, found)
  return found
}

test(`the first page takes less than ${budgetKiB} KiB, compressed by gzip`, () => {
  expect(existsSync(dist), 'npm test builds the console').toBe(true)
  const manifest = JSON.parse(readFileSync(join(dist, '.vite', 'manifest.json'), 'utf8')) as Record<string, Chunk>
  const html = readFileSync(join(dist, 'index.html'), 'utf8')
  const named = [...html.matchAll(/(?:src|href)="\/([^"]+)"/g)].map((match) => match[1] ?? '')
  const files = new Set(['index.html', ...named, ...filesOf(manifest, 'index.html')])
  for (const file of filesOf(manifest, 'overview/OverviewPage.tsx')) files.add(file)
  const bytes = [...files].reduce((sum, file) => sum + statSync(join(dist, `${file}.gz`)).size, 0)
  console.log(`first load: ${Math.round(bytes / 1024)} KiB in ${files.size} files`)
  expect(bytes).toBeLessThan(budgetKiB * 1024)
})

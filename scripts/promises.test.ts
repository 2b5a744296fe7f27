// docs/promises.md says where each promise is shown: the files exist.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const rows = readFileSync(join(root, 'docs', 'promises.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| [RSD]\d/.test(line))

test('every promise has its row, once', () => {
  const names = rows.map((row) => row.split('|')[1]?.trim())
  const wanted = [
    ...Array.from({ length: 14 }, (_, index) => `R${index + 1}`),
    'S1',
    'S2',
    'S3',
    'S4',
    'S5',
    'S6',
    'D1',
    'D2-D9',
  ]
  expect(names).toEqual(wanted)
})

test('every file named exists', () => {
  const files = rows.flatMap((row) => row.match(/\b(?:protocol|broker|castle|sdk|test)\/[\w/.-]+/g) ?? [])
  expect(files.length).toBeGreaterThan(20)
  expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([])
})

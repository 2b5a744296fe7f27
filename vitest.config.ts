// Which tests there are. First what needs one core a file (unit tests beside the code, the simulation), two files at a time; then what
// starts processes (test/), one file at a time: two cores are soon full, and a starved broker proves nothing.
// `*.long.test.ts` belongs to `npm run test:long`, which also runs the property tests again, on fresh cases.
import { globSync, readFileSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

const long = process.env['CASTELLAN_LONG'] === '1'
const suffix = long ? '*.long.test.ts' : '*.test.ts'
const exclude = ['**/node_modules/**', '**/dist/**', ...(long ? [] : ['**/*.long.test.ts'])]
const setupFiles = ['test/runner/properties.ts']
const inOneProcess = [
  'protocol',
  'broker',
  'castle',
  'sdk',
  'testing',
  'console',
  'cli',
  'scripts',
  'test/simulation',
  'test/checkers',
]

function propertyTests(): string[] {
  const files = inOneProcess.flatMap((folder) =>
    globSync(`${folder}/**/*.test.ts`, { exclude: ['**/node_modules/**'] }),
  )
  return files.filter((file) => readFileSync(file, 'utf8').includes('fc.assert('))
}

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [...inOneProcess.map((folder) => `${folder}/**/${suffix}`), ...(long ? propertyTests() : [])],
          exclude,
          setupFiles,
          maxWorkers: 2,
          testTimeout: 15_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'whole',
          include: [`test/**/${suffix}`],
          setupFiles,
          exclude: [...exclude, 'test/simulation/**', 'test/checkers/**'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})

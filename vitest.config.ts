// Which tests there are. First what needs one core a file (unit tests beside the code, the simulation), two files at a time; then what
// starts processes (test/), one file at a time: two cores are soon full, and a starved broker proves nothing.
// `*.long.test.ts` belongs to `npm run test:long`.
import { defineConfig } from 'vitest/config'

const long = process.env['CASTELLAN_LONG'] === '1'
const suffix = long ? '*.long.test.ts' : '*.test.ts'
const exclude = ['**/node_modules/**', '**/dist/**', ...(long ? [] : ['**/*.long.test.ts'])]
const inOneProcess = ['protocol', 'broker', 'castle', 'sdk', 'cli', 'scripts', 'test/simulation', 'test/checkers']

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: inOneProcess.map((folder) => `${folder}/**/${suffix}`),
          exclude,
          maxWorkers: 2,
          testTimeout: 15_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'whole',
          include: [`test/**/${suffix}`],
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

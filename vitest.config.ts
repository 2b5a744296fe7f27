// Which tests there are. Unit tests stand beside the code and run in parallel; what starts processes (test/) runs one file
// at a time, because two cores are soon full and a starved broker proves nothing. `*.long.test.ts` belongs to `npm run test:long`.
import { defineConfig } from 'vitest/config'

const long = process.env['CASTELLAN_LONG'] === '1'
const suffix = long ? '*.long.test.ts' : '*.test.ts'
const exclude = ['**/node_modules/**', '**/dist/**', ...(long ? [] : ['**/*.long.test.ts'])]

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['protocol', 'broker', 'castle', 'sdk', 'cli', 'scripts'].map((folder) => `${folder}/**/${suffix}`),
          exclude,
        },
      },
      {
        test: {
          name: 'whole',
          include: [`test/**/${suffix}`],
          exclude,
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})

// Which tests there are. First what needs one core a file (unit tests beside the code), three files at a time, for there
// is always one that waits; then what starts processes (test/), one file at a time: two cores are soon full, and a starved broker
// proves nothing. The simulation, which waits for nothing, is a project of its own: `npm test` runs it beside the others (test/runner).
// `*.long.test.ts` belongs to `npm run test:long`, which also runs the property tests again, on fresh cases.
//
// Unit tests share a process, and so the modules that they load: for most of them that costs more than the tests. Who measures the
// process itself, or changes modules, globals or clocks in it, gets one alone; so does the
// simulation, whose seeds must come to the same in any process, and each file of `npm run test:long`.
import { globSync, readFileSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

const long = process.env['CASTELLAN_LONG'] === '1'
const suffix = long ? '*.long.test.ts' : '*.test.ts'
const exclude = ['**/node_modules/**', '**/dist/**', ...(long ? [] : ['**/*.long.test.ts'])]
const setupFiles = ['test/runner/properties.ts']
const unitFolders = [
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
/** Of the others in test/, what starts no process: it need not wait until nothing else runs. */
const inOneProcess = long
  ? []
  : [
      'test/api/registered.test.ts',
      'test/bench/*.test.ts',
      'test/chaos/*.test.ts',
      'test/clients/apache-kafka/*.test.ts',
      'test/demo/{ledger,progress}.test.ts',
      'test/guide/pages.test.ts',
      'test/processes/*.test.ts',
      'test/replication/*.test.ts',
      'test/runner/*.test.ts',
    ]
const wantsItsOwnProcess = /process\.memoryUsage|vi\.(mock|resetModules|useFakeTimers|stubEnv|stubGlobal)|own process:/

const unit = globSync([...unitFolders.map((folder) => `${folder}/**/${suffix}`), ...inOneProcess], { exclude })
const isAlone = (file: string) =>
  long || file.startsWith('test/simulation/') || wantsItsOwnProcess.test(readFileSync(file, 'utf8'))
const alone = unit.filter(isAlone)
const isSimulation = (file: string) => file.startsWith('test/simulation/')

function propertyTests(): string[] {
  const files = globSync(
    unitFolders.map((folder) => `${folder}/**/*.test.ts`),
    { exclude: ['**/node_modules/**'] },
  )
  return files.filter((file) => readFileSync(file, 'utf8').includes('fc.assert('))
}

/**
 * Limits say where something hangs, and judge no speed: on a machine with much else to do everything takes ten times as long, or more.
 * What is waited for is mostly there at once, and looked for often.
 */
const limits = { testTimeout: 180_000, hookTimeout: 180_000, expect: { poll: { timeout: 60_000, interval: 2 } } }
const ofUnits = { ...limits, maxWorkers: 3, sequence: { groupOrder: 0 } }

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: unit.filter((file) => !alone.includes(file)),
          isolate: false,
          setupFiles: [...setupFiles, 'test/runner/shared-process.ts'],
          ...ofUnits,
        },
      },
      {
        test: {
          name: 'alone',
          include: [...alone.filter((file) => !isSimulation(file)), ...(long ? propertyTests() : [])],
          setupFiles,
          ...ofUnits,
        },
      },
      {
        test: {
          name: 'simulation',
          include: alone.filter(isSimulation),
          setupFiles,
          ...ofUnits,
          testTimeout: 600_000, // it computes for minutes, at a low priority: as long as the whole run may take
        },
      },
      {
        test: {
          name: 'whole',
          include: [`test/**/${suffix}`],
          exclude: [...exclude, 'test/simulation/**', 'test/checkers/**', ...inOneProcess],
          setupFiles,
          fileParallelism: false,
          ...limits,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})

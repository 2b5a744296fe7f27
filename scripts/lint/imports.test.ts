import { expect, test } from 'vitest'
import { importsOf, judge } from './imports.ts'

test.each([
  ['protocol/records/batch.ts', '../errors.ts', true],
  ['protocol/records/batch.ts', '@castellan/protocol/runtime', true],
  ['protocol/records/batch.ts', '@castellan/broker', false],
  ['broker/log/log.ts', '@castellan/protocol/records', true],
  ['broker/log/log.ts', '@castellan/castle', false],
  ['broker/castle/link.ts', '../log/log.ts', true],
  ['broker/castle/link.ts', '../../castle/castle.ts', false],
  ['castle/groups/browse.ts', '@castellan/sdk/kafka', true],
  ['castle/groups/browse.ts', '@castellan/sdk', false],
  ['castle/groups/browse.ts', '@castellan/broker', false],
  ['sdk/connect.ts', '@castellan/cli', false],
  ['cli/main.ts', '@castellan/castle', true],
  ['test/simulation/run.ts', '@castellan/testing/simulator', true],
  ['cli/main.ts', '@castellan/testing', false],
  ['testing/platform.ts', '@castellan/castle/castle', true],
  ['testing/platform.ts', '@castellan/cli', false],
  ['broker/log/log.ts', 'node:fs', false],
  ['broker/log/log.ts', 'node:crypto', false],
  ['broker/log/log.ts', 'node:zlib', true],
  ['broker/log/log.test.ts', 'node:fs', true],
  ['broker/main.ts', 'node:fs', true],
  ['protocol/runtime/node-disk.ts', 'node:fs', true],
  ['protocol/runtime/disk.ts', 'node:fs', false],
  ['castle/http/server.ts', 'fastify', true],
  ['castle/topics/topics.ts', 'fastify', false],
  ['castle/store/sqlite.ts', 'better-sqlite3', true],
  ['castle/state/state.ts', 'better-sqlite3', false],
  ['cli/start.ts', 'node:child_process', true],
  ['broker/log/log.ts', './segment', false],
])('%s importing %s: %s', (file, specifier, fine) => {
  expect(judge(file, specifier) === undefined).toBe(fine)
})

test('finds every way to import, with its line', () => {
  const text = [
    "import { a } from './a.ts'",
    "import type {\n  B,\n  C,\n} from './b.ts'",
    "import './c.ts'",
    "export * from './d.ts'",
    "const e = await import('./e.ts')",
    "const notAnImport = 'x from y'",
    "// text that says: import from './f.ts'",
  ].join('\n')
  expect(importsOf(text)).toEqual([
    { specifier: './a.ts', line: 1 },
    { specifier: './b.ts', line: 2 },
    { specifier: './c.ts', line: 6 },
    { specifier: './d.ts', line: 7 },
    { specifier: './e.ts', line: 8 },
  ])
})

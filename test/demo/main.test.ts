import { join } from 'node:path'
import { expect, test } from 'vitest'
import { TestProcess } from '../processes/index.ts'

test.each([
  [['--foo'], 2, "demo: Unknown option '--foo'"],
  [['now'], 2, "demo: Unexpected argument 'now'"],
  [['--castle'], 2, "demo: Option '--castle <value>' argument missing"],
  [['--castle='], 2, "demo: --castle is '', but must be a URL"],
  [['--castle', 'http://127.0.0.1:9'], 1, 'demo: No platform answers at http://127.0.0.1:9'],
])('npm run demo -- %j: one sentence', async (words, code, sentence) => {
  const demo = new TestProcess('demo', join(import.meta.dirname, 'main.ts'), words)
  expect(await demo.ended).toMatchObject({ code })
  expect(demo.stdout).toBe('')
  expect(demo.stderr.trim().split('\n')).toHaveLength(1)
  expect(demo.stderr).toContain(sentence)
})

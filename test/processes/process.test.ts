import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { complaints, TestProcess } from './process.ts'

test('what a process said is known, also when it said something else right after', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-process-'))
  try {
    const file = join(folder, 'says.mjs')
    writeFileSync(file, "for (const type of ['ready', 'registered']) process.send({ type })\nprocess.disconnect()\n")
    const process = new TestProcess('says', file, [])
    expect(await process.ended).toEqual({ code: 0, signal: null })
    expect(['ready', 'registered', 'failed'].filter((type) => process.hasSaid(type))).toEqual(['ready', 'registered'])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.each([
  ['', ''],
  ['castellan: waiting: orders/0: no answer yet\n', ''],
  ['{"level":"warn","msg":"waiting for Castle"}\nError: boom\n', 'Error: boom\n'],
  ['castellan: orders is not there\n', 'castellan: orders is not there\n'],
])('of %j what is no waiting is %j', (stderr, left) => {
  expect(complaints(stderr)).toBe(left)
})

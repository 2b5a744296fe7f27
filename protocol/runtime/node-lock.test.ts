import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { lockFolder } from './node-lock.ts'

const folder = mkdtempSync(join(tmpdir(), 'castellan-lock-'))

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.skipIf(process.platform !== 'linux')('a data folder has one process at a time, by whatever path', async () => {
  const data = join(folder, 'data')
  const alias = join(folder, 'alias')
  symlinkSync(data, alias)
  const lock = await lockFolder(data)
  const other = await lockFolder(join(folder, 'other'))
  expect(await lockFolder(alias)).toBeUndefined()
  const waiting = lockFolder(alias)
  lock?.release()
  const next = await waiting
  expect(next).toBeDefined()
  next?.release()
  other?.release()
})

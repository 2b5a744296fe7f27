// R11: what Castle answered is there after kill -9 at any moment, whole; and the folder opens again at once.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { castleEpochMax } from '@castellan/protocol/heartbeat'
import { expect, test } from 'vitest'
import { SqliteStore } from './sqlite.ts'

/** Commits in a child until `enough` answers came, kills it in the middle of the next ones, and returns what it had said. */
function commitUntilKilled(folder: string, enough: number): Promise<string[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'kill.child.ts'), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
    if (said.split('\n').length > enough) child.kill('SIGKILL')
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve(said.split('\n').slice(0, -1))
      else reject(new Error(`the child ended by itself with code ${code}`))
    })
  })
}

test('SQLite keeps every answered commit, and none by half, through kill -9', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-kill-'))
  try {
    const saidByAll: string[] = []
    for (const enough of [1, 2, 3, 7, 20, 51, 90, 140]) {
      saidByAll.push(...(await commitUntilKilled(folder, enough)))
      const store = SqliteStore.open(folder, castleEpochMax)
      const entries = new Map((await store.load()).map(({ key, value }) => [key, value]))
      // What was not answered may be gone; the mark beside it does not take that for a store that went back.
      expect(await store.lease(0)).toEqual({ castleEpoch: expect.any(Number) })
      await store.close()
      expect(saidByAll.filter((value) => !entries.has(`said/${value}`))).toEqual([])
      expect(entries.get('left')).toBe(entries.get('right'))
      expect(entries.has(`said/${entries.get('left')}`)).toBe(true)
    }
    expect(saidByAll.length).toBeGreaterThan(300)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

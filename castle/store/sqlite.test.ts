import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { castleEpochMax } from '@castellan/protocol/heartbeat'
import Database from 'better-sqlite3'
import { afterAll, describe, expect, test } from 'vitest'
import { SqliteStore } from './sqlite.ts'
import { SqliteThread } from './sqlite-thread.ts'
import { storeCases } from './store.cases.ts'

const root = mkdtempSync(join(tmpdir(), 'castellan-sqlite-'))
let folders = 0
function newFolder(): string {
  const folder = join(root, String(folders++))
  mkdirSync(folder)
  return folder
}
const open = (folder: string) => SqliteStore.open(folder, castleEpochMax)
afterAll(() => rmSync(root, { recursive: true }))

function refusal(folder: string): unknown {
  try {
    open(folder)
  } catch (error) {
    return error
  }
  throw new Error('the folder was opened')
}

describe('SQLite in a thread of its own', () => {
  test('what is wrong is said as without a thread, and what to do about it', async () => {
    const folder = newFolder()
    const first = await SqliteThread.open(folder)
    const next = expect.stringMatching(/\w/)
    await expect(SqliteThread.open(folder)).rejects.toMatchObject({ name: 'CastleError', code: 'DATA_IN_USE', next })
    const { castleEpoch } = await first.lease(0)
    const stale = first.commit([{ key: 'a', value: '1' }], castleEpoch + 1)
    await expect(stale).rejects.toMatchObject({ name: 'CastleError', code: 'STALE_EPOCH', next })
    await first.close()
  })

  test('a folder that cannot be made is named', async () => {
    const file = join(newFolder(), 'file')
    writeFileSync(file, '')
    const message = expect.stringContaining(file)
    await expect(SqliteThread.open(join(file, 'castle'))).rejects.toMatchObject({ code: 'DATA_UNUSABLE', message })
  })

  test('commits are done before the close that follows them; then it is closed', async () => {
    const folder = newFolder()
    const store = await SqliteThread.open(folder)
    const { castleEpoch } = await store.lease(0)
    const commits = ['a', 'b', 'c'].map((key) => store.commit([{ key, value: '1' }], castleEpoch))
    await store.close()
    await Promise.all(commits)
    await expect(store.load()).rejects.toThrow('has ended')
    await store.close()
    const again = open(folder)
    expect((await again.load()).map(({ key }) => key)).toEqual(['a', 'b', 'c'])
    await again.close()
  })

  test('a thread that ends by itself is told once, for nothing can be written any more; one that is closed is not', async () => {
    const threads: Worker[] = []
    const note = (thread: Worker) => void threads.push(thread)
    process.on('worker', note)
    const lost: string[] = []
    const store = await SqliteThread.open(newFolder(), ({ message }) => void lost.push(message))
    const closed = await SqliteThread.open(newFolder(), ({ message }) => void lost.push(message))
    process.off('worker', note)
    await closed.close()
    await threads[0]?.terminate()
    await expect(store.commit([], 1)).rejects.toThrow('has ended')
    await store.close()
    expect(lost).toEqual(["the store's thread has ended"])
  })
})

describe('SQLite', () => {
  storeCases(async () => {
    const folder = newFolder()
    return { store: open(folder), reopen: async () => open(folder) }
  })

  test('a second Castle on the same folder is told so, and the first goes on', async () => {
    const folder = newFolder()
    const first = open(folder)
    expect(refusal(folder)).toMatchObject({
      code: 'DATA_IN_USE',
      message: `another Castle is using the data folder ${folder}`,
    })
    const { castleEpoch } = await first.lease(0)
    expect(refusal(folder)).toMatchObject({ code: 'DATA_IN_USE' })
    await first.commit([{ key: 'a', value: '1' }], castleEpoch)
    await first.close()
    const second = open(folder)
    expect(await second.load()).toEqual([{ key: 'a', value: '1' }])
    await second.close()
  })

  test('data of another version is left alone', () => {
    const folder = newFolder()
    const database = new Database(join(folder, 'castle.db'))
    database.pragma('user_version = 7')
    database.close()
    expect(refusal(folder)).toMatchObject({ code: 'DATA_VERSION', message: expect.stringContaining('data version 7') })
  })

  test('a file that is no database is left alone', () => {
    const folder = newFolder()
    writeFileSync(join(folder, 'castle.db'), 'my diary, '.repeat(100))
    expect(refusal(folder)).toMatchObject({ code: 'DATA_VERSION' })
  })
})

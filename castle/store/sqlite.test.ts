import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, describe, expect, test } from 'vitest'
import { SqliteStore } from './sqlite.ts'
import { storeCases } from './store.cases.ts'

const root = mkdtempSync(join(tmpdir(), 'castellan-sqlite-'))
let folders = 0
const newFolder = () => join(root, String(folders++))
afterAll(() => rmSync(root, { recursive: true }))

function refusal(folder: string): unknown {
  try {
    SqliteStore.open(folder)
  } catch (error) {
    return error
  }
  throw new Error('the folder was opened')
}

describe('SQLite', () => {
  storeCases(async () => {
    const folder = newFolder()
    return { store: SqliteStore.open(folder), reopen: async () => SqliteStore.open(folder) }
  })

  test('a second Castle on the same folder is told so, and the first goes on', async () => {
    const folder = newFolder()
    const first = SqliteStore.open(folder)
    expect(refusal(folder)).toMatchObject({
      code: 'DATA_IN_USE',
      message: `another Castle is using the data folder ${folder}`,
    })
    const { castleEpoch } = await first.lease(0)
    expect(refusal(folder)).toMatchObject({ code: 'DATA_IN_USE' })
    await first.commit([{ key: 'a', value: '1' }], castleEpoch)
    await first.close()
    const second = SqliteStore.open(folder)
    expect(await second.load()).toEqual([{ key: 'a', value: '1' }])
    await second.close()
  })

  test('data of another version is left alone', () => {
    const folder = newFolder()
    mkdirSync(folder)
    const database = new Database(join(folder, 'castle.db'))
    database.pragma('user_version = 7')
    database.close()
    expect(refusal(folder)).toMatchObject({ code: 'DATA_VERSION', message: expect.stringContaining('data version 7') })
  })

  test('a file that is no database is left alone', () => {
    const folder = newFolder()
    mkdirSync(folder)
    writeFileSync(join(folder, 'castle.db'), 'my diary, '.repeat(100))
    expect(refusal(folder)).toMatchObject({ code: 'DATA_VERSION' })
  })

  test('a folder that cannot be made is named', () => {
    const file = newFolder()
    writeFileSync(file, '')
    expect(refusal(join(file, 'castle'))).toMatchObject({
      code: 'DATA_UNUSABLE',
      message: expect.stringContaining(file),
    })
  })
})

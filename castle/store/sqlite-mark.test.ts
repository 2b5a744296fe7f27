// A database that was put back to an older state shows it, by the mark beside it; a mark that is not right hinders nobody.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { castleEpochMax } from '@castellan/protocol/heartbeat'
import Database from 'better-sqlite3'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { SqliteStore } from './sqlite.ts'
import { decodeMark, encodeMark, isAhead } from './sqlite-mark.ts'

const root = mkdtempSync(join(tmpdir(), 'castellan-mark-'))
afterAll(() => rmSync(root, { recursive: true }))

let folders = 0
let folder: string
const inFolder = (name: string) => join(folder, name)

beforeEach(() => {
  folder = join(root, String(folders++))
  mkdirSync(folder)
})

/** A life of Castle: its lease, and so many commits. */
async function live(commits: number): Promise<{ castleEpoch: number; wentBack?: true }> {
  const store = SqliteStore.open(folder, castleEpochMax)
  const lease = await store.lease(0)
  for (let n = 0; n < commits; n++) await store.commit([{ key: 'a', value: String(n) }], lease.castleEpoch)
  await store.close()
  return lease
}

/** The database as it is now is put back after all that comes. */
function backup(): () => void {
  const copy = inFolder('copy')
  copyFileSync(inFolder('castle.db'), copy)
  return () => copyFileSync(copy, inFolder('castle.db'))
}

describe('a database', () => {
  test('that was put back says so, under a Castle epoch that never was, until something is written', async () => {
    await live(3)
    const putBack = backup()
    for (let epoch = 2; epoch <= 5; epoch++) expect(await live(1)).toEqual({ castleEpoch: epoch })
    putBack()
    expect(await live(0)).toEqual({ castleEpoch: 6, wentBack: true })
    // Killed before it could write what follows from that.
    expect(await live(1)).toEqual({ castleEpoch: 7, wentBack: true })
    expect(await live(0)).toEqual({ castleEpoch: 8 })
  })

  test('to which nothing was written since it was copied, did not go back', async () => {
    await live(3)
    const putBack = backup()
    await live(0)
    putBack()
    expect(await live(1)).toEqual({ castleEpoch: 2 })
  })

  test('of the first release has no mark, and gets one', async () => {
    await live(1)
    const database = new Database(inFolder('castle.db'))
    database.exec('DROP TABLE progress')
    database.close()
    rmSync(inFolder('castle.mark'))
    expect(await live(1)).toEqual({ castleEpoch: 2 })
    const putBack = backup()
    await live(1)
    putBack()
    expect(await live(0)).toMatchObject({ wentBack: true })
  })

  test.each([
    ['there is none', () => rmSync(inFolder('castle.mark'))],
    ['it cannot be read', () => writeFileSync(inFolder('castle.mark'), '{"store":')],
    ['it is of another database', () => writeFileSync(inFolder('castle.mark'), encodeMark({ ...mark(), store: 'x' }))],
    ['it was put back too', () => writeFileSync(inFolder('castle.mark'), encodeMark({ ...mark(), commits: 2 }))],
  ])('whose mark says nothing did not go back: %s', async (_, damage) => {
    await live(3)
    const putBack = backup()
    await live(2)
    damage()
    putBack()
    expect(await live(1)).toEqual({ castleEpoch: 2 })
    expect(mark()).toMatchObject({ commits: 4, castleEpoch: 2 })
  })

  test('whose mark can be neither read nor written is as good as any', async () => {
    mkdirSync(inFolder('castle.mark'))
    expect(await live(2)).toEqual({ castleEpoch: 1 })
    expect(await live(0)).toEqual({ castleEpoch: 2 })
  })
})

const mark = () => decodeMark(readFileSync(inFolder('castle.mark'), 'utf8'))!

test('a mark is of one length, whatever it says, and is read as it was written', () => {
  const [small, large] = [1, Number.MAX_SAFE_INTEGER].map((n) => {
    return { store: '00000000-0000-4000-8000-000000000001', commits: n, castleEpoch: n }
  })
  expect(encodeMark(large!)).toHaveLength(encodeMark(small!).length)
  expect(decodeMark(encodeMark(large!))).toEqual(large)
  for (const text of ['', 'null', '[]', '{"store":"x","commits":-1,"castleEpoch":1}', '{"store":1}']) {
    expect(decodeMark(text)).toBeUndefined()
  }
  expect([0, 1, 2].map((commits) => isAhead({ ...small!, commits: 1 }, small!.store, commits))).toEqual([
    true,
    false,
    false,
  ])
})

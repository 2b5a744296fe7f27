import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DataFolder } from './data-folder.ts'
import { isRunning, processId } from './processes.ts'

let path: string

beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'castellan-folder-')), 'data')
})

afterEach(() => rmSync(join(path, '..'), { recursive: true }))

const open = (fresh = false) => DataFolder.open(path, { fresh })

test('a folder is claimed by one at a time, and free again once released', async () => {
  const folder = await open()
  await expect(open()).rejects.toThrow(`Another castellan (process ${process.pid}) runs on the data folder ${path}`)
  await expect(open(true)).rejects.toThrow('Another castellan')
  folder.release()
  const again = await open()
  again.release()
})

test('of many at once, one gets it', async () => {
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => open()))
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
})

test('a claim of the dead is void, once their children are gone too', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  const dead = { pid: 2_147_483_000, started: 'long ago' }
  const folder = await open()
  folder.release()
  const orphan = processId(child.pid ?? 0)
  writeFileSync(join(path, 'running.json'), JSON.stringify({ supervisor: dead, children: [orphan] }))
  const opening = open().then((claimed) => ({ claimed, orphanRuns: isRunning(orphan) }))
  setTimeout(() => child.kill('SIGKILL'), 50)
  const { claimed, orphanRuns } = await opening
  expect(orphanRuns).toBe(false)
  claimed.release()
})

test('a process number that was used again is another process', async () => {
  const folder = await open()
  folder.release()
  const reused = { pid: process.pid, started: 'before the reboot 42' }
  writeFileSync(join(path, 'running.json'), JSON.stringify({ supervisor: reused, children: [reused] }))
  const claimed = await open()
  claimed.release()
})

test('a claim torn by a power loss is void', async () => {
  const folder = await open()
  folder.release()
  writeFileSync(join(path, 'running.json'), '{"supervi')
  const claimed = await open()
  claimed.release()
})

test('fresh empties our folder, and nothing else ever does', async () => {
  const folder = await open()
  writeFileSync(join(path, 'something'), 'x')
  folder.release()
  const kept = await open()
  expect(existsSync(join(path, 'something'))).toBe(true)
  kept.release()
  const emptied = await open(true)
  expect(readdirSync(path).sort()).toEqual(['castellan.json', 'logs', 'running.json'])
  emptied.release()
})

test("somebody else's folder is left alone, fresh or not", async () => {
  const folder = await open()
  folder.release()
  rmSync(join(path, 'castellan.json'))
  writeFileSync(join(path, 'thesis.tex'), 'x')
  for (const fresh of [false, true])
    await expect(open(fresh)).rejects.toThrow("holds other things than Castellan's data")
  expect(existsSync(join(path, 'thesis.tex'))).toBe(true)
})

test('another version is refused, and --fresh is a way out', async () => {
  const folder = await open()
  folder.release()
  writeFileSync(join(path, 'castellan.json'), '{"version":7}')
  await expect(open()).rejects.toThrow('has layout version 7, and this release reads 1')
  const fresh = await open(true)
  fresh.release()
})

test('a path that cannot be a folder', async () => {
  writeFileSync(path, 'a file')
  const sentence = `The data folder cannot be ${path}: ${path} is a file. Choose another with --data DIR.`
  await expect(open()).rejects.toThrow(sentence)
  const below = DataFolder.open(join(path, 'a', 'b'), { fresh: false })
  await expect(below).rejects.toThrow(`${join(path, 'a', 'b')}: ${path} is a file.`)
})

test('folders that a refused start made are gone again, those that were there stay', async () => {
  mkdirSync(path)
  const deep = join(path, 'a', 'b')
  const claimless = join(deep, 'x'.repeat(300)) // no system takes so long a name
  await expect(DataFolder.open(claimless, { fresh: false })).rejects.toThrow('(ENAMETOOLONG)')
  expect(readdirSync(path)).toEqual([])

  mkdirSync(deep, { recursive: true })
  writeFileSync(join(deep, 'logs'), 'x') // laying out fails after the claim
  writeFileSync(join(deep, 'castellan.json'), '{"version":1}')
  await expect(DataFolder.open(deep, { fresh: false })).rejects.toThrow('logs is a file')
  expect(readdirSync(deep).sort()).toEqual(['castellan.json', 'logs'])
})

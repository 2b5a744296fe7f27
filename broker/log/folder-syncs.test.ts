import { expect, test } from 'vitest'
import { FolderSyncs } from './folder-syncs.ts'
import { Limiter } from './limiter.ts'
import { gate, settle } from './testing.ts'
import { TestingDisk } from './testing-disk.ts'

function setUp() {
  const disk = new TestingDisk()
  const synced: string[] = []
  disk.refuse = (call, path) => {
    if (call === 'sync') synced.push(path)
    return undefined
  }
  return { disk, synced, folders: new FolderSyncs(disk, new Limiter(2)) }
}

test('a folder that many changed is synced once; one that nobody changed is not', async () => {
  const { synced, folders } = setUp()
  for (const folder of ['/a', '/b', '/a']) folders.note(folder)
  await Promise.all([folders.sync(['/a', '/b']), folders.sync(['/a']), folders.sync(['/c'])])
  expect(synced.sort()).toEqual(['/a', '/b'])
})

test('a change during a sync needs another one', async () => {
  const { disk, synced, folders } = setUp()
  const { promise, open } = gate()
  disk.syncGate = promise
  folders.note('/a')
  const first = folders.sync(['/a'])
  await settle()
  folders.note('/a')
  let isDone = false
  const second = folders.sync(['/a']).then(() => {
    isDone = true
  })
  await settle()
  expect([synced, isDone]).toEqual([[], false])
  open()
  await Promise.all([first, second])
  expect(synced).toEqual(['/a', '/a'])
})

test('a sync that fails is owed', async () => {
  const { disk, folders } = setUp()
  folders.note('/a')
  disk.refuse = () => 'EIO'
  await expect(folders.sync(['/a'])).rejects.toThrow('EIO')
  const seen: string[] = []
  disk.refuse = (_, path) => void seen.push(path)
  await folders.sync(['/a'])
  expect(seen).toEqual(['/a'])
})

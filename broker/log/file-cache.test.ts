import { describe, expect, test } from 'vitest'
import { FileCache } from './file-cache.ts'
import { gate, settle } from './testing.ts'
import { TestingDisk } from './testing-disk.ts'

function setUp(openFilesMax: number, files = 10) {
  const disk = new TestingDisk()
  disk.mkdir('/d')
  for (let file = 0; file < files; file++) {
    const one = disk.open(`/d/${file}`, 'create')
    one.writev([Uint8Array.of(file)], 0)
    one.close()
  }
  return { disk, cache: new FileCache(disk, openFilesMax) }
}

describe('open files', () => {
  test('there are never more than the limit, and the least used is closed first', () => {
    const { disk, cache } = setUp(3)
    for (const file of [0, 1, 2, 0, 3]) cache.get(`/d/${file}`)
    expect([cache.openFiles, disk.openFiles]).toEqual([3, 3])
    disk.refuse = (call) => (call === 'open' ? 'EIO' : undefined)
    expect(() => cache.get('/d/0')).not.toThrow()
    expect(() => cache.get('/d/1')).toThrow('EIO')
  })

  test('a file that is read off the loop stays open, and is closed after when it was forgotten', async () => {
    const { disk, cache } = setUp(1)
    const reading = gate()
    const bytes = new Uint8Array(1)
    const read = cache.during('/d/7', async (file) => {
      await reading.promise
      return file.read(bytes, 0)
    })
    cache.get('/d/1')
    cache.get('/d/2')
    cache.forget('/d/7')
    expect(disk.openFiles).toBe(2)
    reading.open()
    expect([await read, bytes[0]]).toEqual([1, 7])
    expect(disk.openFiles).toBe(1)
    cache.close()
    expect(disk.openFiles).toBe(0)
  })

  test('a system without files left gets some back, and the call goes on', async () => {
    const { disk, cache } = setUp(8)
    for (let file = 0; file < 6; file++) cache.get(`/d/${file}`)
    disk.refuse = (call) => (call === 'open' && disk.openFiles > 4 ? 'EMFILE' : undefined)
    expect(cache.get('/d/9').size()).toBe(1)
    expect(disk.openFiles).toBeLessThanOrEqual(4)
    await settle()
  })
})

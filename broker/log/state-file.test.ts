import { describe, expect, test } from 'vitest'
import { LogError } from './errors.ts'
import { overwriteStateFile, readStateFile, replaceStateFile, writeStateFile } from './state-file.ts'
import { TestingDisk } from './testing-disk.ts'

const kind = { kind: 'thing', version: 2 }
const path = '/d/thing'

function setUp() {
  const disk = new TestingDisk()
  disk.mkdir('/d')
  writeStateFile(disk, path, kind, { text: 'grüße', numbers: [1, 2 ** 53 - 1] })
  return disk
}

describe('a small file', () => {
  test('is read as it was written, by each way of writing', async () => {
    const disk = setUp()
    expect(readStateFile(disk, path, kind)).toEqual({ text: 'grüße', numbers: [1, 2 ** 53 - 1] })
    writeStateFile(disk, path, kind, { short: 1 })
    expect(readStateFile(disk, path, kind)).toEqual({ short: 1 })
    await replaceStateFile(disk, path, kind, { replaced: true })
    expect(readStateFile(disk, path, kind)).toEqual({ replaced: true })
    overwriteStateFile(disk, path, kind, {})
    expect(readStateFile(disk, path, kind)).toEqual({})
    expect(disk.paths()).toEqual([path])
  })

  test('that is missing is undefined', () => {
    expect(readStateFile(setUp(), '/d/other', kind)).toBeUndefined()
  })

  test('counts as missing when any byte of it flipped, or any part is cut off', () => {
    const disk = setUp()
    const whole = disk.bytes(path).slice()
    for (let at = 0; at < whole.length; at++) {
      disk.bytes(path)[at]! ^= 1
      expect(readStateFile(disk, path, kind), `byte ${at}`).toBeUndefined()
      disk.bytes(path)[at]! ^= 1
    }
    for (let size = 0; size < whole.length; size++) {
      disk.resize(path, size)
      expect(readStateFile(disk, path, kind), `size ${size}`).toBeUndefined()
      disk.resize(path, whole.length)
      disk.bytes(path).set(whole)
    }
  })

  test('of another version is an error that says so', () => {
    const disk = setUp()
    const read = () => readStateFile(disk, path, { kind: 'thing', version: 3 })
    expect(read).toThrow(LogError)
    expect(read).toThrow('/d/thing has format 2, but this release reads format 3')
  })

  test('of another kind counts as missing', () => {
    expect(readStateFile(setUp(), path, { kind: 'other', version: 2 })).toBeUndefined()
  })
})

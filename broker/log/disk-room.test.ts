import { silentLogger } from '@castellan/protocol/runtime'
import { expect, test } from 'vitest'
import { DiskRoom } from './disk-room.ts'
import { TestingClock } from './testing.ts'
import { ProcessDisk, TestingDisk } from './testing-disk.ts'

const noRoom = Object.assign(new Error('no space left'), { code: 'ENOSPC' })

test('a disk is full from the first write that it has no room for until a probe can be written', async () => {
  const clock = new TestingClock()
  const platters = new TestingDisk()
  const disk = new ProcessDisk(platters)
  disk.mkdir('/data/logs')
  const room = new DiskRoom(clock, disk, silentLogger, '/data/logs')
  const heard: boolean[] = []
  room.onChange(() => heard.push(room.isFull))
  room.noteFailed(Object.assign(new Error('broken'), { code: 'EIO' }))
  expect(heard).toEqual([])

  platters.refuse = (call) => (call === 'write' ? 'ENOSPC' : undefined)
  room.noteFailed(noRoom)
  room.noteFailed(noRoom)
  await clock.advance(5_000)
  expect(heard).toEqual([true])
  expect(disk.list('/data/logs')).toEqual([])

  platters.refuse = () => undefined
  await clock.advance(1_000)
  expect(heard).toEqual([true, false])
  expect(disk.list('/data/logs')).toEqual([])

  // Full again at once, and again: it waits longer each time, until it had room for a while.
  const fullForMs = async () => {
    const sinceMs = clock.nowMs()
    room.noteFailed(noRoom)
    while (room.isFull) await clock.advance(1_000)
    return clock.nowMs() - sinceMs
  }
  expect([await fullForMs(), await fullForMs(), await fullForMs()]).toEqual([2_000, 4_000, 8_000])
  await clock.advance(60_000)
  expect(await fullForMs()).toBe(1_000)
  room.close()
})

import { describe, expect, test } from 'vitest'
import { BrokerError } from '../errors.ts'
import { MemoryDisk } from '../testing/memory-disk.ts'
import { Identity } from './identity.ts'

const open = (disk: MemoryDisk, brokerId = 1, cluster = 'default') => Identity.open(disk, '/data/1', brokerId, cluster)

async function refusal(opening: Promise<Identity>): Promise<BrokerError> {
  const error = await opening.catch((error: unknown) => error)
  expect(error).toBeInstanceOf(BrokerError)
  return error as BrokerError
}

test('what was remembered is there after a restart', async () => {
  const disk = new MemoryDisk()
  const first = await open(disk)
  expect([first.castleEpoch, first.producerIdsBegun]).toEqual([0, -1])
  await Promise.all([first.raiseCastleEpoch(7), first.beginProducerIds(4000)])
  const second = await open(disk)
  expect([second.castleEpoch, second.producerIdsBegun]).toEqual([7, 4000])
})

test('neither ever goes back', async () => {
  const identity = await open(new MemoryDisk())
  await identity.raiseCastleEpoch(7)
  await identity.raiseCastleEpoch(3)
  await identity.beginProducerIds(4000)
  await identity.beginProducerIds(1000)
  expect([identity.castleEpoch, identity.producerIdsBegun]).toEqual([7, 4000])
})

test('remembers with which broker epoch its logs were first registered, by their name', async () => {
  const disk = new MemoryDisk()
  const identity = await open(disk)
  expect(identity.logsSince('one')).toBeUndefined()
  await identity.noteRegistered('one', 7)
  await identity.noteRegistered('one', 9)
  const again = await open(disk)
  expect([again.logsSince('one'), again.logsSince('another')]).toEqual([7, undefined])
  await again.noteRegistered('another', 11)
  expect([again.logsSince('one'), (await open(disk)).logsSince('another')]).toEqual([undefined, 11])
})

test('a change is done when it is on disk, not before', async () => {
  const disk = new MemoryDisk()
  const identity = await open(disk)
  let isDone = false
  let finish = () => {}
  disk.syncing = new Promise((resolve) => {
    finish = resolve
  })
  const change = identity.beginProducerIds(1000).then(() => {
    isDone = true
  })
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect(isDone).toBe(false)
  finish()
  await change
  expect((await open(disk)).producerIdsBegun).toBe(1000)
})

test('a write that failed fails its caller, and the next one writes both', async () => {
  const disk = new MemoryDisk()
  const identity = await open(disk)
  disk.failure = Object.assign(new Error('full'), { code: 'ENOSPC' })
  await expect(identity.raiseCastleEpoch(5)).rejects.toThrow('full')
  disk.failure = null
  await identity.beginProducerIds(2000)
  const again = await open(disk)
  expect([again.castleEpoch, again.producerIdsBegun]).toEqual([5, 2000])
})

test('what the disk refused is written when it is said again', async () => {
  const disk = new MemoryDisk()
  const identity = await open(disk)
  disk.failure = Object.assign(new Error('full'), { code: 'ENOSPC' })
  await expect(identity.raiseCastleEpoch(5)).rejects.toThrow('full')
  await expect(identity.raiseCastleEpoch(5)).rejects.toThrow('full')
  disk.failure = null
  await identity.raiseCastleEpoch(5)
  expect((await open(disk)).castleEpoch).toBe(5)
})

describe('a folder that is not this broker’s is refused', () => {
  test.each([
    ['another broker', 2, 'default', 'broker 1 of cluster default'],
    ['another cluster', 1, 'other', 'broker 1 of cluster default'],
  ])('%s', async (_, brokerId, cluster, owner) => {
    const disk = new MemoryDisk()
    await open(disk)
    const error = await refusal(open(disk, brokerId, cluster))
    expect(error.code).toBe('DATA_FOLDER_FOREIGN')
    expect(error.message).toContain(owner)
  })

  test.each([
    [
      'of another format',
      '{"formatVersion":2,"brokerId":1,"cluster":"default","castleEpoch":0,"producerIdsBegun":-1}',
      'DATA_FOLDER_VERSION',
    ],
    ['damaged', '{"formatVersion":1,"bro', 'DATA_FOLDER_UNUSABLE'],
    [
      'without a number',
      '{"formatVersion":1,"brokerId":1,"cluster":"default","producerIdsBegun":-1}',
      'DATA_FOLDER_UNUSABLE',
    ],
  ])('a file %s', async (_, text, code) => {
    const disk = new MemoryDisk()
    disk.mkdir('/data/1')
    disk.open('/data/1/broker.json', 'create').writev([new TextEncoder().encode(text)], 0)
    expect((await refusal(open(disk))).code).toBe(code)
  })

  test('one that cannot be written', async () => {
    const disk = new MemoryDisk()
    disk.failure = Object.assign(new Error('permission denied'), { code: 'EACCES' })
    const error = await refusal(open(disk))
    expect(error.code).toBe('DATA_FOLDER_UNUSABLE')
    expect(error.message).toContain('/data/1')
  })
})

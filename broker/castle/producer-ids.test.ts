import { beforeEach, expect, test } from 'vitest'
import { FakeClock, settle } from '../testing/fake-clock.ts'
import { MemoryDisk } from '../testing/memory-disk.ts'
import { Identity } from './identity.ts'
import { ProducerIds } from './producer-ids.ts'

let clock: FakeClock
let disk: MemoryDisk
let begun: number
let refused: unknown[]

beforeEach(() => {
  clock = new FakeClock()
  disk = new MemoryDisk()
  begun = 0
  refused = []
})

async function start(): Promise<ProducerIds> {
  return new ProducerIds(clock, await Identity.open(disk, '/data', 1, 'default'), {
    onBegun: () => void begun++,
    onRefused: (error) => void refused.push(error),
  })
}

test('ids come one by one from the block, and beginning it is reported', async () => {
  const ids = await start()
  ids.offer({ start: 1000, length: 2 })
  expect(begun).toBe(0)
  expect([await ids.take(0), await ids.take(0)]).toEqual([1000, 1001])
  expect(begun).toBe(1)
})

test('the next block follows when the first is used up', async () => {
  const ids = await start()
  ids.offer({ start: 1000, length: 1 })
  expect(await ids.take(0)).toBe(1000)
  ids.offer({ start: 2000, length: 1 })
  expect(await ids.take(0)).toBe(2000)
})

test('without a block a call waits, and takes what comes in time', async () => {
  const ids = await start()
  const early = ids.take(100)
  await clock.advance(99)
  ids.offer({ start: 1000, length: 1 })
  expect(await early).toBe(1000)
  const late = ids.take(100)
  await clock.advance(100)
  expect(await late).toBe(null)
})

test('calls at the same time never get the same id, across blocks', async () => {
  const ids = await start()
  const taking = Array.from({ length: 6 }, () => ids.take(1000))
  ids.offer({ start: 1000, length: 3 })
  await settle()
  ids.offer({ start: 2000, length: 3 })
  const taken = await Promise.all(taking)
  expect([...taken].sort()).toEqual([1000, 1001, 1002, 2000, 2001, 2002])
  expect(begun).toBe(2)
})

test('a restarted broker gives no id of a block that an earlier process began', async () => {
  const before = await start()
  before.offer({ start: 1000, length: 10 })
  expect(await before.take(0)).toBe(1000)
  const after = await start()
  after.offer({ start: 1000, length: 10 })
  const taking = after.take(50)
  await clock.advance(50)
  expect(await taking).toBe(null)
  after.offer({ start: 2000, length: 10 })
  expect(await after.take(0)).toBe(2000)
})

test('when the block cannot be noted on disk no id is given; with room again the same block is begun', async () => {
  const ids = await start()
  ids.offer({ start: 1000, length: 10 })
  disk.failure = new Error('full')
  expect(await ids.take(0)).toBe(null)
  expect(await ids.take(0)).toBe(null)
  expect([begun, refused.length]).toEqual([0, 2])
  disk.failure = null
  expect([await ids.take(0), begun]).toEqual([1000, 1])
  expect((await Identity.open(disk, '/data', 1, 'default')).producerIdsBegun).toBe(1000)
})

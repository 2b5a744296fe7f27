import { readBatchHeader } from '@castellan/protocol/records'
import { silentLogger } from '@castellan/protocol/runtime'
import { describe, expect, test } from 'vitest'
import { admit } from './admission.ts'
import {
  append,
  batchOf,
  gate,
  openLog,
  readAll,
  recordsIn,
  settle,
  stage,
  type TestingContext,
  testFolder,
  testingContext,
} from './testing.ts'

const numbered = (count: number, from = 0): [number, string][] =>
  Array.from({ length: count }, (_, at) => [from + at, `v${from + at}`])
const activeSize = ({ platters }: TestingContext) => platters.bytes(`${testFolder}/00000000000000000000.log`).length
const values = (count: number, from = 0): string[] => numbered(count, from).map(([, value]) => value)

describe('appending and reading', () => {
  test('what is staged in one turn is written by one call, and read from memory and from the file alike', async () => {
    const context = testingContext()
    const { log } = await openLog(context)
    for (let from = 0; from < 10; from += 2) stage(log, { values: values(2, from) })
    expect([log.endOffset, log.nextOffset]).toEqual([0, 10])
    expect(log.flush()).toMatchObject({ written: 5, rolled: false })
    expect(log.endOffset).toBe(10)
    expect(context.counters.writes).toBe(1)
    expect(await readAll(log)).toEqual(numbered(10))
    expect(await readAll(log, 0, 'file')).toEqual(numbered(10))
  })

  test('a read from the middle of a batch returns the whole batch, and at least one (KIP-74)', async () => {
    const { log } = await openLog(testingContext())
    append(log, { values: values(5) })
    append(log, { values: values(5, 5) })
    for (const read of [log.readMemory(7, 1, 10)!, await log.readFile(7, 1, 10)]) {
      expect(read.bytes).toBeTruthy()
      read.release()
    }
    expect(await readAll(log, 7)).toEqual(numbered(3, 7))
    expect(await readAll(log, 7, 'file')).toEqual(numbered(3, 7))
  })

  test('nothing at or above the limit is read', async () => {
    const { log } = await openLog(testingContext())
    append(log, { values: values(5) })
    append(log, { values: values(5, 5) })
    expect(log.readMemory(0, 10_000, 9)!.chunks).toHaveLength(1)
    expect(log.readMemory(5, 10_000, 9)!.chunks).toHaveLength(0)
    expect(recordsIn([(await log.readFile(0, 10_000, 9)).bytes])).toEqual(numbered(5))
    expect((await log.readFile(5, 10_000, 9)).bytes).toHaveLength(0)
  })

  test('segments follow each other; a new one begins when the next request does not fit', async () => {
    const context = testingContext()
    const { log } = await openLog(context, { segmentBytes: 300 })
    for (let from = 0; from < 40; from += 2) append(log, { values: values(2, from) })
    expect(log.segmentCount).toBeGreaterThan(5)
    const bases = context.platters.list(testFolder).filter((name) => name.endsWith('.log'))
    expect(bases).toHaveLength(log.segmentCount)
    for (const name of bases) expect(context.platters.bytes(`${testFolder}/${name}`).length).toBeLessThanOrEqual(300)
    expect(await readAll(log, 0, 'file')).toEqual(numbered(40))
  })
})

test('a write that takes long is measured, and told', async () => {
  const said: unknown[] = []
  const context = testingContext({ log: { ...silentLogger, warn: (fields) => void said.push(fields) } })
  const { log } = await openLog(context)
  append(log, { values: ['quick'] })
  expect(said).toEqual([])
  let nowMs = 0
  context.clock.nowMs = () => {
    nowMs += 300
    return nowMs
  }
  append(log, { values: ['slow'] })
  expect(said[0]).toMatchObject({ writeMs: 300, path: 'sync' })
  expect(context.counters.longestWriteMs).toBe(300)
})

describe('when the disk refuses (ENOSPC, EIO)', () => {
  test('the write is refused as a whole, nothing of it stays, and when there is room it goes on', async () => {
    const context = testingContext()
    const { log, trouble } = await openLog(context)
    append(log, { values: values(3) })
    const size = activeSize(context)
    context.platters.refuse = (call) => (call === 'write' ? 'ENOSPC' : undefined)
    context.platters.partialBytes = 30
    stage(log, { values: ['lost'] })
    stage(log, { values: ['lost too'] })
    expect(log.flush()).toMatchObject({ written: 0, error: { code: 'LOG_DISK' } })
    expect([log.endOffset, log.nextOffset, activeSize(context)]).toEqual([3, 3, size])
    context.platters.refuse = () => undefined
    append(log, { values: values(3, 3) })
    expect(await readAll(log)).toEqual(numbered(6))
    expect(await readAll(log, 0, 'file')).toEqual(numbered(6))
    expect([trouble, context.counters.failedWrites]).toEqual([[], 1])
  })

  test('bytes that cannot be cut off at once are cut off before the next write', async () => {
    const context = testingContext()
    const { log } = await openLog(context)
    append(log, { values: values(3) })
    // The refused batch is written whole, and longer than the one that takes its place.
    context.platters.refuse = (call) => (call === 'write' || call === 'truncate' ? 'EIO' : undefined)
    context.platters.partialBytes = 10_000
    stage(log, { values: values(50, 3) })
    expect(log.flush().error).toBeDefined()
    context.platters.refuse = (call) => (call === 'truncate' ? 'EIO' : undefined)
    stage(log, { values: ['v3'] })
    expect(log.flush().error).toBeDefined()
    context.platters.refuse = () => undefined
    append(log, { values: ['v3'] })
    const again = await openLog(testingContext({ platters: context.platters }))
    expect(await readAll(again.log)).toEqual(numbered(4))
  })

  test('a failed write is cut off before its segment is closed', async () => {
    const context = testingContext()
    const { log } = await openLog(context, { segmentBytes: 300 })
    append(log, { values: values(3) })
    context.platters.refuse = (call) => (call === 'write' || call === 'truncate' ? 'EIO' : undefined)
    context.platters.partialBytes = 40
    stage(log, { values: ['lost'] })
    expect(log.flush().error).toBeDefined()
    context.platters.refuse = () => undefined
    append(log, { values: values(20, 3) })
    expect(log.segmentCount).toBe(2)
    await settle()
    expect(await readAll((await openLog(testingContext({ platters: context.platters }))).log)).toEqual(numbered(23))
  })

  test('of several segments in one turn, those that were written stay', async () => {
    const context = testingContext()
    const { log } = await openLog(context, { segmentBytes: 200 })
    for (let from = 0; from < 8; from++) stage(log, { values: [`v${from}`] })
    context.platters.refuse = (call, path) => (call === 'open' && path.endsWith('4.log') ? 'ENOSPC' : undefined)
    const { written, error } = log.flush()
    expect([written, error?.code, log.endOffset]).toEqual([4, 'LOG_DISK', 4])
    context.platters.refuse = () => undefined
    append(log, { values: ['v4'] })
    expect(await readAll(log)).toEqual(numbered(5))
    await log.close()
    expect(await readAll((await openLog(testingContext({ platters: context.platters }))).log)).toEqual(numbered(5))
  })

  test('producer state goes back with the write', async () => {
    const context = testingContext()
    const { log } = await openLog(context)
    const produce = (baseSequence: number) => {
      const records = batchOf({ values: ['x'], producerId: 1, producerEpoch: 0, baseSequence })
      const batches = [{ at: 0, header: readBatchHeader(records, 0) }]
      const admission = admit(log.producers, batches, log.nextOffset, { nowMs: 0, logAppendTimeMs: -1 })
      if (admission.kind === 'append')
        log.stage({ records, slab: null, batches, leaderEpoch: 0, logAppendTimeMs: -1, ...admission })
      return admission.kind
    }
    produce(0)
    log.flush()
    context.platters.refuse = (call) => (call === 'write' ? 'ENOSPC' : undefined)
    expect([produce(1), produce(2), produce(1)]).toEqual(['append', 'append', 'duplicate'])
    log.flush()
    context.platters.refuse = () => undefined
    expect([produce(2), produce(0), produce(1), produce(2)]).toEqual(['refused', 'duplicate', 'append', 'append'])
  })

  test('a failed sync is trouble: the system may have dropped what it could not write', async () => {
    const context = testingContext()
    const { log, trouble } = await openLog(context)
    append(log, { values: values(3) })
    context.platters.refuse = (call) => (call === 'sync' ? 'EIO' : undefined)
    await log.checkpoint()
    expect(trouble).toMatchObject([{ code: 'LOG_DISK' }])
  })

  test('a checkpoint that finds no room is not trouble, and is tried again', async () => {
    const context = testingContext()
    const { log, trouble } = await openLog(context)
    append(log, { values: values(3) })
    context.platters.refuse = (call, path) => (call === 'write' && !path.endsWith('.log') ? 'ENOSPC' : undefined)
    await log.checkpoint()
    expect([trouble, log.needsCheckpoint]).toEqual([[], true])
    context.platters.refuse = () => undefined
    await log.checkpoint()
    expect(log.needsCheckpoint).toBe(false)
  })
})

describe('durability', () => {
  test('syncs that are asked for while one runs share the next one (group commit)', async () => {
    const context = testingContext()
    const { log } = await openLog(context)
    const { promise, open } = gate()
    context.platters.syncGate = promise
    append(log, { values: ['v0'] })
    const first = log.sync()
    await settle()
    append(log, { values: ['v1'] })
    const others = [log.sync(), log.sync(), log.sync()]
    await settle()
    expect(log.syncedOffset).toBe(0)
    open()
    await first
    expect(log.syncedOffset).toBe(1)
    await Promise.all(others)
    expect([log.syncedOffset, context.counters.syncs]).toEqual([2, 2])
  })

  test('a segment is synced and its index written when it is closed', async () => {
    const context = testingContext()
    const { log } = await openLog(context, { segmentBytes: 300 })
    for (let from = 0; from < 12; from += 2) append(log, { values: values(2, from) })
    await settle()
    const names = context.platters.list(testFolder)
    expect(names.filter((name) => name.endsWith('.index'))).toHaveLength(log.segmentCount - 1)
    expect(log.syncedOffset).toBe(12)
  })
})

describe('retention and deletion', () => {
  const settings = { segmentBytes: 300 }
  const logs = (context: TestingContext) => context.platters.list(testFolder).filter((name) => name.endsWith('.log'))

  test('old segments go, with their files, and stay gone', async () => {
    const context = testingContext()
    const { log } = await openLog(context, { ...settings, retentionMs: 1000 })
    const nowMs = context.clock.wallMs()
    for (let from = 0; from < 20; from += 2) append(log, { values: values(2, from), timestamp: nowMs + from * 100 })
    await context.clock.advance(2000)
    expect(await log.clean(20)).toBe(true)
    expect(log.startOffset).toBeGreaterThan(5)
    expect(logs(context)).toHaveLength(log.segmentCount)
    const again = await openLog(testingContext({ platters: context.platters }), settings)
    expect(again.log.startOffset).toBe(log.startOffset)
    expect(await readAll(again.log)).toEqual(numbered(20 - log.startOffset, log.startOffset))
  })

  test('when everything is old, the log is empty and goes on at the same offset', async () => {
    const context = testingContext()
    const { log } = await openLog(context, { retentionMs: 1000 })
    append(log, { values: values(5), timestamp: context.clock.wallMs() })
    await context.clock.advance(2000)
    expect(await log.clean(5)).toBe(true)
    expect([log.startOffset, log.endOffset]).toEqual([5, 5])
    append(log, { values: values(2, 5) })
    expect(await readAll(log)).toEqual(numbered(2, 5))
  })

  test('records below a new start are gone at once, and their segments too', async () => {
    const context = testingContext()
    const { log } = await openLog(context, settings)
    for (let from = 0; from < 20; from += 2) append(log, { values: values(2, from) })
    const before = log.segmentCount
    await log.deleteBefore(11, 20)
    expect(log.startOffset).toBe(11)
    expect(log.segmentCount).toBeLessThan(before)
    await log.deleteBefore(7, 20)
    await log.deleteBefore(99, 15)
    expect(log.startOffset).toBe(15)
    const again = await openLog(testingContext({ platters: context.platters }), settings)
    expect(again.log.startOffset).toBe(15)
    expect(await readAll(again.log)).toEqual(numbered(5, 15))
  })

  test('a full disk does not keep old segments from going', async () => {
    const context = testingContext()
    const { log } = await openLog(context, settings)
    for (let from = 0; from < 20; from += 2) append(log, { values: values(2, from) })
    await settle()
    context.platters.refuse = (call, path) => (call === 'write' && path.endsWith('.tmp') ? 'ENOSPC' : undefined)
    await log.deleteBefore(12, 20)
    expect(logs(context).length).toBeLessThan(8)
    context.platters.refuse = () => undefined
    expect(await readAll((await openLog(testingContext({ platters: context.platters }), settings)).log)).toEqual(
      numbered(8, 12),
    )
  })

  test.each([
    ['that was never checkpointed', false],
    ['with a checkpoint that promises more', true],
  ])('a full disk does not keep a log %s from being cut, and it goes on', async (_, isCheckpointed) => {
    const context = testingContext()
    const { log, trouble } = await openLog(context, settings)
    const write = (epoch: number, count: number) => {
      for (let i = 0; i < count; i++) stage(log, { values: values(1, log.nextOffset) }, epoch)
      log.flush()
    }
    write(0, 10)
    write(4, 10)
    log.saveEpochs()
    if (isCheckpointed) await log.checkpoint()
    context.platters.refuse = (call) => (call === 'write' ? 'ENOSPC' : undefined)
    await log.truncateTo(8)
    expect([log.endOffset, trouble]).toEqual([8, []])
    context.platters.refuse = () => undefined
    // Of the epoch that was cut nothing is left that would call these damaged.
    write(2, 5)
    context.disk.kill()
    const again = (await openLog(testingContext({ platters: context.platters }), settings)).log
    expect(await readAll(again)).toEqual(numbered(13))
    expect([again.epochAt(7), again.epochAt(12)]).toEqual([0, 2])
  })

  test('a read that is under way when its segment goes ends without data, and without harm', async () => {
    const context = testingContext({ cacheBytesMax: 0 })
    const { log, trouble } = await openLog(context, settings)
    for (let from = 0; from < 20; from += 2) append(log, { values: values(2, from) })
    await settle()
    const { promise, open } = gate()
    context.platters.readGate = promise
    const reading = log.readFile(0, 1000, 20)
    await log.deleteBefore(12, 20)
    open()
    expect((await reading).bytes).toHaveLength(0)
    expect(trouble).toEqual([])
  })
})

describe('finding records by time', () => {
  test('the first whose timestamp is not below the one asked for', async () => {
    const { log } = await openLog(testingContext(), { segmentBytes: 300 })
    // Timestamps need not rise.
    const timestamps = [100, 300, 200, 500, 400, 400, 900, 700]
    for (const [at, timestamp] of timestamps.entries()) append(log, { values: [`v${at}`, `w${at}`], timestamp })
    const naive = (asked: number, limit: number) => {
      const at = timestamps.findIndex((timestamp, index) => timestamp >= asked && index * 2 < limit)
      return at < 0 ? undefined : { offset: at * 2, timestamp: timestamps[at], leaderEpoch: 0 }
    }
    for (let asked = 0; asked < 1000; asked += 50) {
      for (const limit of [0, 5, 12, 16])
        expect(await log.findTimestamp(asked, limit), `${asked} below ${limit}`).toEqual(naive(asked, limit))
    }
    expect(await log.findMaxTimestamp(16)).toEqual({ offset: 12, timestamp: 900, leaderEpoch: 0 })
    await log.deleteBefore(7, 16)
    expect(await log.findTimestamp(0, 16)).toEqual({ offset: 7, timestamp: 500, leaderEpoch: 0 })
  })

  test('an empty log has none', async () => {
    const { log } = await openLog(testingContext())
    expect(await log.findTimestamp(0, 0)).toBeUndefined()
    expect(await log.findMaxTimestamp(0)).toBeUndefined()
  })
})

describe('truncation (R4, R5)', () => {
  test('whole batches go, with their epochs and what they taught about producers', async () => {
    const context = testingContext()
    const { log } = await openLog(context, { segmentBytes: 300 })
    const idempotent = (at: number) => ({ values: [`v${at}`], producerId: 7, producerEpoch: 0, baseSequence: at })
    log.beginEpoch(0)
    for (let at = 0; at < 12; at++) {
      if (at === 8) log.beginEpoch(3)
      append(log, idempotent(at), at < 8 ? 0 : 3)
    }
    await log.truncateTo(7)
    expect([log.endOffset, log.nextOffset, log.highestEpoch, log.epochAt(6)]).toEqual([7, 7, 3, 0])
    expect(log.endOfEpoch(0)).toEqual({ epoch: 0, endOffset: 7 })
    expect(log.producers.get(7)?.batches.at(-1)).toMatchObject({ lastSequence: 6, baseOffset: 6 })
    append(log, idempotent(7))
    expect(await readAll(log)).toEqual(numbered(8))
    expect(await readAll(log, 0, 'file')).toEqual(numbered(8))
    const again = await openLog(testingContext({ platters: context.platters }), { segmentBytes: 300 })
    expect(await readAll(again.log)).toEqual(numbered(8))
    expect(again.log.producers.get(7)?.batches.at(-1)).toMatchObject({ lastSequence: 7, baseOffset: 7 })
  })
})

test('a checkpoint that ends when the log is gone leaves the next log in its folder alone', async () => {
  const context = testingContext()
  const { log } = await openLog(context)
  append(log, { values: ['a'], producerId: 1, producerEpoch: 0, baseSequence: 0 })
  const { promise, open } = gate()
  const slots = [1, 2].map(() => context.syncs.run(() => promise))
  const checkpoint = log.checkpoint()
  await settle()
  log.abandon()
  context.disk.rename(testFolder, '/aside')
  context.disk.mkdir(testFolder)
  await openLog(context)
  const before = context.platters.paths()
  open()
  await Promise.all([...slots, checkpoint])
  expect(context.platters.paths()).toEqual(before)
})

// A log that takes over another's batches: equal byte for byte, whatever the answers' borders, and never anything that its leader
// did not write.
import { patchBatch, readBatchHeader } from '@castellan/protocol/records'
import { describe, expect, test } from 'vitest'
import { learn } from './admission.ts'
import { checkCopies } from './copies.ts'
import type { Log } from './log.ts'
import { lengthOf } from './outline.ts'
import { append, batchOf, openLog, readAll, stage, type TestingContext, testFolder, testingContext } from './testing.ts'

const leaderFolder = '/data/logs/leader/0'

/** What a leader would answer to a fetch from `offset`. */
async function answerOf(leader: Log, offset: number, bytesMax = 1_000_000): Promise<Uint8Array> {
  const { bytes, release } = await leader.readFile(offset, bytesMax, leader.endOffset)
  const copy = bytes.slice()
  release()
  return copy
}

function take(follower: Log, records: Uint8Array, leaderEpoch = 9, runBytesMax = 1_000_000): string | null {
  const place = { offset: follower.endOffset, lastEpoch: follower.epochAt(follower.endOffset - 1), leaderEpoch }
  const { runs, problem } = checkCopies(records, place, runBytesMax)
  for (const { records, batches } of runs) {
    follower.stageCopied({ records, slab: null, batches, changes: learn(follower.producers, batches, 0) })
  }
  const { error } = follower.flush()
  return problem ?? error?.message ?? null
}

function bytesOf(context: TestingContext, folder: string): Buffer {
  const names = context.disk.list(folder).filter((name) => name.endsWith('.log'))
  const parts = names.map((name) => context.platters.bytes(`${folder}/${name}`))
  return Buffer.concat(parts)
}

async function copyAll(leader: Log, follower: Log, bytesMax?: number): Promise<void> {
  while (follower.endOffset < leader.endOffset) {
    expect(take(follower, await answerOf(leader, follower.endOffset, bytesMax))).toBeNull()
  }
}

describe('a copy', () => {
  test('is the leader’s log byte for byte, with its epochs and producers, also after a restart', async () => {
    const context = testingContext()
    const { log: leader } = await openLog(context, { segmentBytes: 400 }, leaderFolder)
    const { log: follower } = await openLog(context, { segmentBytes: 700 })
    for (let epoch = 1; epoch <= 3; epoch++) {
      leader.beginEpoch(epoch)
      for (let n = 0; n < 4; n++) {
        append(
          leader,
          { values: [`${epoch}-${n}`, 'x'], producerId: 5, producerEpoch: epoch, baseSequence: 2 * n },
          epoch,
        )
      }
      await copyAll(leader, follower, 150)
    }
    expect(bytesOf(context, testFolder)).toEqual(bytesOf(context, leaderFolder))
    for (let offset = 0; offset < 24; offset++) expect(follower.epochAt(offset)).toBe(leader.epochAt(offset))
    expect(follower.producers.get(5)).toEqual({ ...leader.producers.get(5), lastAppendMs: expect.any(Number) })
    follower.abandon()
    const { log: again } = await openLog(context)
    expect(await readAll(again)).toEqual(await readAll(leader))
    expect(again.highestEpoch).toBe(3)
  })

  test('an answer that is larger than a segment is written in parts that fit', async () => {
    const context = testingContext()
    const { log: leader } = await openLog(context, {}, leaderFolder)
    const { log: follower } = await openLog(context, { segmentBytes: 300 })
    for (let n = 0; n < 10; n++) append(leader, { values: [`value-${n}`] }, 1)
    expect(take(follower, await answerOf(leader, 0), 1, 300)).toBeNull()
    expect(follower.segmentCount).toBeGreaterThan(2)
    expect(await readAll(follower)).toEqual(await readAll(leader))
  })

  test('what the disk refuses is undone: end, producers and epochs', async () => {
    const context = testingContext()
    const { log: leader } = await openLog(context, {}, leaderFolder)
    const { log: follower } = await openLog(context)
    append(leader, { values: ['a'], producerId: 1, producerEpoch: 0, baseSequence: 0 }, 4)
    context.platters.refuse = (call) => (call === 'write' ? 'ENOSPC' : undefined)
    const records = await answerOf(leader, 0)
    expect(take(follower, records)).toContain('ENOSPC')
    expect([follower.endOffset, follower.nextOffset, follower.highestEpoch]).toEqual([0, 0, -1])
    expect(follower.producers.get(1)).toBeUndefined()
    context.platters.refuse = () => undefined
    expect(take(follower, records)).toBeNull()
    expect([follower.endOffset, follower.highestEpoch]).toEqual([1, 4])
  })
})

describe('is refused, with all that stands behind it', () => {
  const batch = (offset: number, partitionLeaderEpoch: number, value = 'v'): Uint8Array => {
    const bytes = batchOf({ values: [value] })
    patchBatch(bytes, 0, { baseOffset: offset, partitionLeaderEpoch })
    return bytes
  }
  const place = { offset: 10, lastEpoch: 3, leaderEpoch: 5 }
  const flipped = (bytes: Uint8Array, at: number) => {
    bytes[at]! ^= 1
    return bytes
  }

  test.each<[string, Uint8Array[], number, string | null]>([
    ['nothing: all is well', [batch(10, 3), batch(11, 5)], 2, null],
    ['nothing: the last one is cut off by the limit', [batch(10, 3), batch(11, 3).subarray(0, 65)], 1, null],
    ['nothing: even its length is cut off', [batch(10, 3), batch(11, 3).subarray(0, 11)], 1, null],
    ['a gap', [batch(10, 3), batch(12, 3)], 1, 'begins with offset 12 where 11'],
    ['what the log has already', [batch(9, 3)], 0, 'begins with offset 9 where 10'],
    ['an epoch that goes back', [batch(10, 4), batch(11, 3)], 1, 'leader epoch 3, after 4'],
    ['an epoch below the log’s last', [batch(10, 2)], 0, 'leader epoch 2, after 3'],
    ['an epoch that the leader cannot know', [batch(10, 6)], 0, 'leader epoch 6'],
    ['a flipped bit', [batch(10, 3), flipped(batch(11, 3), 66), batch(12, 3)], 1, 'checksum'],
    ['another format', [flipped(batch(10, 3), 16)], 0, 'magic'],
    ['a length below a header', [flipped(batch(10, 3), 11).fill(0, 8, 12)], 0, 'batch'],
    ['a negative length', [batch(10, 3).fill(255, 8, 12)], 0, 'batch'],
  ])('%s', (_name, parts, taken, problem) => {
    const copies = checkCopies(Buffer.concat(parts), place, 1_000_000)
    expect(copies.runs.flatMap(({ batches }) => batches)).toHaveLength(taken)
    if (problem === null) expect(copies.problem).toBeNull()
    else expect(copies.problem).toContain(problem)
  })

  test('runs hold whole batches, each up to the limit or one alone', () => {
    const batches = Array.from({ length: 7 }, (_, n) => batch(10 + n, 3, 'x'.repeat(n === 3 ? 500 : 10)))
    const { runs } = checkCopies(Buffer.concat(batches), place, 200)
    expect(runs.map(({ batches }) => batches.length)).toEqual([2, 1, 1, 2, 1])
    expect(Buffer.concat(runs.map(({ records }) => records))).toEqual(Buffer.concat(batches))
    for (const { records, batches } of runs) {
      for (const { at, header } of batches) {
        expect(readBatchHeader(records, at)).toEqual(header)
        expect(at + lengthOf(header)).toBeLessThanOrEqual(records.length)
      }
    }
  })
})

describe('beginning anew', () => {
  async function filled(context: TestingContext): Promise<Log> {
    const { log } = await openLog(context, { segmentBytes: 200 })
    for (let n = 0; n < 6; n++)
      append(log, { values: [`old-${n}`], producerId: 1, producerEpoch: 0, baseSequence: n }, 2)
    await log.checkpoint()
    append(log, { values: ['old-6'], producerId: 1, producerEpoch: 0, baseSequence: 6 }, 2)
    return log
  }

  test.each([0, 3, 7, 1_000])(
    'at offset %i: nothing is left, the highest epoch stays known, a restart agrees',
    async (at) => {
      const context = testingContext()
      const log = await filled(context)
      log.beginEpoch(4)
      await log.beginAnew(at)
      const state = (one: Log) => [one.startOffset, one.endOffset, one.nextOffset, one.highestEpoch, one.epochAt(at)]
      expect(state(log)).toEqual([at, at, at, 4, -1])
      expect(log.producers.get(1)).toBeUndefined()
      // A lower epoch than one that was known: that one has no record here any more.
      stage(log, { values: ['new'] }, 3)
      log.flush()
      expect(await readAll(log)).toEqual([[at, 'new']])
      log.abandon()
      const { log: again, trouble } = await openLog(context)
      expect(await readAll(again)).toEqual([[at, 'new']])
      expect([again.startOffset, again.highestEpoch, trouble]).toEqual([at, 4, []])
    },
  )

  test('killed at any disk call, it is the old log, a beginning of it, or the new one; never damaged', async () => {
    for (const at of [0, 3, 50]) {
      for (let calls = 0, isOver = false; !isOver; calls++) {
        const context = testingContext()
        const log = await filled(context)
        let left = calls
        context.platters.refuse = () => (left-- > 0 ? undefined : 'EIO')
        isOver = await log.beginAnew(at).then(
          () => left >= 0,
          () => false,
        )
        context.platters.refuse = () => undefined
        log.abandon()
        const { log: again, trouble } = await openLog(testingContext({ platters: context.platters }))
        const records = await readAll(again)
        const old = Array.from({ length: 7 }, (_, n) => [n, `old-${n}`])
        expect(records, `killed after ${calls} calls`).toEqual(old.slice(0, records.length))
        expect(trouble).toEqual([])
        again.abandon()
      }
    }
  })
})

test('a cut that is killed at any disk call leaves a beginning of the log, never damage', async () => {
  for (const at of [0, 2, 5]) {
    for (let calls = 0, isOver = false; !isOver; calls++) {
      const context = testingContext()
      const { log } = await openLog(context, { segmentBytes: 200 })
      for (let n = 0; n < 8; n++) append(log, { values: [`old-${n}`] }, n >> 1)
      await log.checkpoint()
      let left = calls
      context.platters.refuse = () => (left-- > 0 ? undefined : 'EIO')
      isOver = await log.truncateTo(at).then(
        () => left >= 0,
        () => false,
      )
      context.platters.refuse = () => undefined
      log.abandon()
      const { log: again, trouble } = await openLog(testingContext({ platters: context.platters }))
      const records = await readAll(again)
      expect(records).toEqual(Array.from({ length: records.length }, (_, n) => [n, `old-${n}`]))
      expect([records.length >= at, trouble], `killed after ${calls} calls`).toEqual([true, []])
      if (isOver) expect(records).toHaveLength(at)
      again.abandon()
    }
  }
})

test('epochs without a record give way to a lower one that a leader’s records have, also through a kill', async () => {
  const context = testingContext()
  const { log: leader } = await openLog(context, {}, leaderFolder)
  append(leader, { values: ['a'] }, 1)
  const { log: follower } = await openLog(context)
  await copyAll(leader, follower)
  follower.beginEpoch(5) // it was elected, and wrote nothing
  follower.saveEpochs()
  append(leader, { values: ['b'] }, 3) // the other one had this, and is elected now
  follower.forgetEmptyEpochs()
  await copyAll(leader, follower)
  expect([follower.epochAt(1), follower.highestEpoch]).toEqual([3, 5])
  follower.abandon()
  const { log: again, trouble } = await openLog(context)
  expect([again.epochAt(1), again.highestEpoch, trouble]).toEqual([3, 5, []])
})

// The log against a naive twin, an array of batches: whatever is done to both, they say the same. Restarts by a clean stop, by
// kill -9 (what was written stays) and by power loss (what was not synced may go, from the end on).
import { readBatchHeader } from '@castellan/protocol/records'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { admit } from './admission.ts'
import { LogError } from './errors.ts'
import type { Log } from './log.ts'
import { batchOf, openLog, readAll, settle, stage, type TestingContext, testingContext } from './testing.ts'

interface TwinBatch {
  readonly offset: number
  readonly values: string[]
  readonly epoch: number
  readonly producerId: number
  readonly sequence: number
}

class Twin {
  batches: TwinBatch[] = []
  startOffset = 0
  epoch = 0
  named = 0

  get endOffset(): number {
    const last = this.batches.at(-1)
    return last === undefined ? 0 : last.offset + last.values.length
  }

  get records(): [number, string][] {
    const all = this.batches.flatMap(({ offset, values }) =>
      values.map((value, at): [number, string] => [offset + at, value]),
    )
    return all.filter(([offset]) => offset >= this.startOffset)
  }

  /** The next sequence of a producer, as the batches tell. */
  sequenceOf(producerId: number): number {
    const last = this.batches.findLast((batch) => batch.producerId === producerId)
    return last === undefined ? 0 : last.sequence + last.values.length
  }

  add(count: number, producerId: number): TwinBatch {
    const values = Array.from({ length: count }, () => `value-${this.named++}`)
    const sequence = this.sequenceOf(producerId)
    const batch = { offset: this.endOffset, values, epoch: this.epoch, producerId, sequence }
    this.batches.push(batch)
    return batch
  }

  /** Whole batches that reach beyond `offset` go. */
  truncate(offset: number): void {
    this.batches = this.batches.filter((batch) => batch.offset + batch.values.length <= offset)
    this.startOffset = Math.min(this.startOffset, this.endOffset)
  }

  epochAt(offset: number): number {
    return this.batches.findLast((batch) => batch.offset <= offset)?.epoch ?? -1
  }
}

type Flush = 'no' | 'now' | 'off the loop'
type Step =
  | { readonly kind: 'append'; readonly count: number; readonly producer: number; readonly flush: Flush }
  | { readonly kind: 'repeat'; readonly back: number }
  | { readonly kind: 'read'; readonly from: number; readonly maxBytes: number }
  | { readonly kind: 'truncate' | 'delete'; readonly at: number }
  | { readonly kind: 'epoch' | 'checkpoint' | 'sync' }
  | { readonly kind: 'restart'; readonly how: 'clean' | 'kill' | 'power' }

const part = fc.double({ min: 0, max: 1, noNaN: true })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      count: fc.integer({ min: 1, max: 5 }),
      producer: fc.integer({ min: -1, max: 2 }),
      flush: fc.constantFrom<Flush>('no', 'now', 'off the loop'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('repeat' as const), back: fc.nat(6) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      from: part,
      maxBytes: fc.integer({ min: 1, max: 800 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('truncate' as const, 'delete' as const), at: part }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('epoch' as const, 'checkpoint' as const, 'sync' as const) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('restart' as const),
      how: fc.constantFrom('clean' as const, 'kill' as const, 'power' as const),
    }),
  },
)

const settings = { segmentBytes: 500, indexIntervalBytes: 150 }
const counts = { clean: 0, kill: 0, power: 0, powerLost: 0, powerFaults: 0 }

class Run {
  readonly twin = new Twin()
  context: TestingContext = testingContext({ cacheBytesMax: 2000, openFilesMax: 3 })
  log!: Log
  random: () => number

  constructor(seed: number) {
    // A small generator of its own: losses must not depend on anything else.
    let state = seed
    this.random = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state / 2 ** 32
    }
  }

  async open(): Promise<void> {
    this.log = (await openLog(this.context, settings)).log
    this.beginEpoch()
  }

  beginEpoch(): void {
    this.log.beginEpoch(++this.twin.epoch)
    this.log.saveEpochs()
  }

  async do(one: Step): Promise<boolean> {
    if (one.kind === 'append') return this.append(one.count, one.producer, one.flush)
    this.log.flush()
    if (one.kind === 'restart') return this.restart(one.how)
    if (one.kind === 'repeat') this.repeat(one.back)
    if (one.kind === 'read') await this.read(one.from, one.maxBytes)
    if (one.kind === 'truncate') await this.truncate(one.at)
    if (one.kind === 'delete') await this.delete(one.at)
    if (one.kind === 'epoch') this.beginEpoch()
    if (one.kind === 'checkpoint') await this.log.checkpoint()
    if (one.kind === 'sync') void this.log.sync()
    return true
  }

  async append(count: number, producerId: number, flush: Flush): Promise<boolean> {
    const { offset, values, sequence } = this.twin.add(count, producerId)
    const producer = producerId < 0 ? {} : { producerId, producerEpoch: 0, baseSequence: sequence }
    expect(stage(this.log, { values, timestamp: offset, ...producer }, this.twin.epoch)).toBe(offset)
    if (flush === 'now') this.log.flush()
    if (flush === 'off the loop') await this.log.flushOffLoop()
    return true
  }

  /** A batch that was sent before is found as long as it is one of its producer's last five. */
  repeat(back: number): void {
    const batch = this.twin.batches.at(-1 - back)
    if (batch === undefined || batch.producerId < 0) return
    const { values, producerId, sequence, offset } = batch
    const later = this.twin.batches.filter((other) => other.producerId === producerId && other.offset > offset).length
    const header = readBatchHeader(batchOf({ values, producerId, producerEpoch: 0, baseSequence: sequence }), 0)
    const time = { nowMs: 0, logAppendTimeMs: -1 }
    const { producers } = this.log
    const admission = admit(producers, [{ at: 0, header }], this.log.nextOffset, time)
    if (admission.kind === 'append')
      for (const change of admission.changes) producers.restore(change.producerId, change.before)
    // After a truncation into what is deleted it knows that it does not know.
    if (producers.mayBeForgotten(producerId)) return
    if (later < 5) expect(admission).toMatchObject({ kind: 'duplicate', baseOffset: offset })
    else expect(admission.kind).toBe('refused')
  }

  async read(from: number, maxBytes: number): Promise<void> {
    const { startOffset, endOffset } = this.log
    const offset = Math.floor(startOffset + from * (endOffset - startOffset))
    const expected = this.twin.records.filter(([at]) => at >= offset)
    for (const source of ['any', 'file'] as const) expect(await readAll(this.log, offset, source)).toEqual(expected)
    if (offset < endOffset) {
      const read = await this.log.readFile(offset, maxBytes, endOffset)
      expect(read.bytes.length).toBeGreaterThan(0)
      read.release()
      const found = await this.log.findTimestamp(offset, endOffset)
      // Timestamps are base offsets here.
      const first = this.twin.batches.find(
        (batch) => batch.offset >= offset && batch.offset + batch.values.length > startOffset,
      )
      expect(found?.offset).toBe(first === undefined ? undefined : Math.max(first.offset, startOffset))
    }
    expect(this.log.epochAt(offset)).toBe(offset < endOffset ? this.twin.epochAt(offset) : this.log.epochAt(offset))
  }

  async truncate(at: number): Promise<void> {
    const { startOffset, endOffset } = this.log
    const offset = Math.floor(startOffset + at * (endOffset - startOffset))
    await this.log.truncateTo(offset)
    this.twin.truncate(offset)
    this.beginEpoch()
  }

  async delete(at: number): Promise<void> {
    const { startOffset, endOffset } = this.log
    const offset = Math.floor(startOffset + at * (endOffset - startOffset))
    await this.log.deleteBefore(offset, endOffset)
    this.twin.startOffset = offset
  }

  /** False: the log is out of use, as it may be after a loss in the middle. */
  async restart(how: 'clean' | 'kill' | 'power'): Promise<boolean> {
    counts[how]++
    if (how === 'clean') await this.log.close()
    const { syncedOffset, highestEpoch } = this.log
    this.context.disk.kill()
    if (how === 'power') this.context.platters.losePower(this.random)
    this.context = testingContext({ platters: this.context.platters, cacheBytesMax: 2000, openFilesMax: 3 })
    try {
      await this.open()
    } catch (error) {
      if (how !== 'power' || !(error instanceof LogError)) throw error
      counts.powerFaults++
      return false
    }
    if (how === 'power') {
      if (this.log.endOffset < this.twin.endOffset) counts.powerLost++
      expect(this.log.endOffset).toBeGreaterThanOrEqual(syncedOffset)
      this.twin.truncate(this.log.endOffset)
      this.twin.startOffset = this.log.startOffset
    } else {
      expect(this.log.highestEpoch).toBeGreaterThan(highestEpoch)
    }
    return true
  }

  compare(): void {
    expect([this.log.startOffset, this.log.nextOffset]).toEqual([this.twin.startOffset, this.twin.endOffset])
    for (const producerId of [0, 1, 2]) {
      const state = this.log.producers.get(producerId)
      // Truncation to where its batches are deleted and no snapshot is left: the log knows that it does not know.
      if (state === undefined && this.log.producers.mayBeForgotten(producerId)) continue
      const batch = state?.batches.at(-1)
      const next = batch === undefined ? 0 : batch.lastSequence + 1
      expect(next, `producer ${producerId}`).toBe(this.twin.sequenceOf(producerId))
    }
    expect(this.context.files.openFiles).toBeLessThanOrEqual(4)
  }
}

test('the log and its naive twin agree', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 80, size: 'max' }),
      fc.integer(),
      async (steps, seed) => {
        const run = new Run(seed)
        await run.open()
        for (const one of steps) {
          if (!(await run.do(one))) return
          run.compare()
        }
        run.log.flush()
        await settle()
        expect(await readAll(run.log)).toEqual(run.twin.records)
        expect(await readAll(run.log, run.log.startOffset, 'file')).toEqual(run.twin.records)
      },
    ),
    { numRuns: 100 },
  )
  // Each kind of restart happened, and power losses did take something.
  expect(Math.min(counts.clean, counts.kill, counts.power, counts.powerLost)).toBeGreaterThan(5)
  expect(counts.powerFaults).toBeLessThan(counts.power / 3)
})

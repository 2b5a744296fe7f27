import { errors } from '@castellan/protocol'
import { readBatchHeader } from '@castellan/protocol/records'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { afterBatch, judge, type ProducerState, Producers, snapshotText } from './producers.ts'
import { batchOf } from './testing.ts'

const last = 2 ** 31 - 1

function header(baseSequence: number, count: number, producerEpoch = 0) {
  const values = Array.from({ length: count }, () => '')
  return readBatchHeader(batchOf({ values, producerId: 1, producerEpoch, baseSequence }), 0)
}

/** The state after batches of [first sequence, count], one after another from offset 0. */
function stateAfter(batches: [number, number][], epoch = 0): ProducerState | undefined {
  let state: ProducerState | undefined
  let offset = 0
  for (const [sequence, count] of batches) {
    state = afterBatch(state, header(sequence, count, epoch), offset, 1000, 5)
    offset += count
  }
  return state
}

const { UNKNOWN_PRODUCER_ID, OUT_OF_ORDER_SEQUENCE_NUMBER, DUPLICATE_SEQUENCE_NUMBER, INVALID_PRODUCER_EPOCH } = errors
type Outcome = 'next' | number | { readonly code: number }

describe('what follows, what repeats and what is refused (R4)', () => {
  const seven: [number, number][] = [
    [0, 10],
    [10, 10],
    [20, 10],
    [30, 10],
    [40, 10],
    [50, 10],
    [60, 10],
  ]
  test.each<[string, [number, number][], [number, number, number], Outcome]>([
    ['a first batch', [], [0, 5, 0], 'next'],
    ['a first batch whose forerunner was refused', [], [5, 5, 0], UNKNOWN_PRODUCER_ID],
    ['the next batch', [[0, 5]], [5, 5, 0], 'next'],
    ['a gap', [[0, 5]], [6, 5, 0], OUT_OF_ORDER_SEQUENCE_NUMBER],
    ['a far gap', [[0, 5]], [2 ** 30, 5, 0], OUT_OF_ORDER_SEQUENCE_NUMBER],
    [
      'the last batch again: its offset',
      [
        [0, 5],
        [5, 3],
      ],
      [5, 3, 0],
      5,
    ],
    ['the first of five again', seven, [20, 10, 0], 20],
    ['older than five: written, but where is forgotten', seven, [10, 10, 0], DUPLICATE_SEQUENCE_NUMBER],
    ['a part of a batch again', [[0, 10]], [5, 5, 0], DUPLICATE_SEQUENCE_NUMBER],
    ['one that begins with old records and ends with new ones', [[0, 10]], [5, 10, 0], OUT_OF_ORDER_SEQUENCE_NUMBER],
    [
      'before the first one that was ever taken: a gap, for it is not in the log',
      [[100, 5]],
      [90, 5, 0],
      OUT_OF_ORDER_SEQUENCE_NUMBER,
    ],
    ['over the end of the numbers', [[last - 4, 5]], [0, 5, 0], 'next'],
    [
      'a batch that goes over the end',
      [
        [last - 4, 5],
        [0, 5],
      ],
      [5, 5, 0],
      'next',
    ],
    [
      'again, over the end',
      [
        [last - 4, 5],
        [0, 5],
      ],
      [last - 4, 5, 0],
      0,
    ],
    ['a batch across the end', [[last - 1, 4]], [2, 1, 0], 'next'],
    ['a batch across the end again', [[last - 1, 4]], [last - 1, 4, 0], 0],
    ['a new epoch begins with 0 (KIP-360)', [[0, 5]], [0, 5, 1], 'next'],
    ['a new epoch that does not', [[0, 5]], [5, 5, 1], OUT_OF_ORDER_SEQUENCE_NUMBER],
  ])('%s', (_, before, [sequence, count, epoch], outcome) => {
    const verdict = judge(stateAfter(before), header(sequence, count, epoch), false)
    if (outcome === 'next') expect(verdict).toEqual({ kind: 'next' })
    else if (typeof outcome === 'number')
      expect(verdict).toMatchObject({ kind: 'duplicate', batch: { baseOffset: outcome } })
    else expect(verdict).toMatchObject({ kind: 'refused', errorCode: outcome.code })
  })

  test('an older epoch is fenced, whatever its sequence', () => {
    const state = stateAfter([[0, 5]], 3)
    for (const sequence of [0, 5, 9]) {
      expect(judge(state, header(sequence, 5, 2), false)).toMatchObject({
        kind: 'refused',
        errorCode: INVALID_PRODUCER_EPOCH.code,
      })
    }
  })

  test('a producer that may be forgotten goes on where it is', () => {
    expect(judge(undefined, header(500, 5), true)).toEqual({ kind: 'next' })
  })
})

test('five batches are kept, and a new epoch starts over', () => {
  const state = stateAfter([
    [0, 1],
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 1],
    [5, 1],
    [6, 1],
  ])!
  expect(state.batches.map(({ baseOffset }) => baseOffset)).toEqual([2, 3, 4, 5, 6])
  expect(state.records).toBe(7)
  expect(afterBatch(state, header(0, 2, 1), 7, 1000, 9)).toMatchObject({
    epoch: 1,
    records: 2,
    lastAppendMs: 9,
    batches: [{ baseOffset: 7 }],
  })
})

describe('all producers of a log', () => {
  const state = (lastAppendMs: number): ProducerState => ({ ...stateAfter([[0, 1]])!, lastAppendMs })

  test('the one that is silent longest is forgotten when there are too many', () => {
    const producers = new Producers(2)
    producers.set(7, state(1))
    producers.set(8, state(2))
    producers.set(7, state(3))
    producers.set(9, state(4))
    expect([7, 8, 9].map((id) => producers.get(id) !== undefined)).toEqual([true, false, true])
    expect([8, 9].map((id) => producers.mayBeForgotten(id))).toEqual([true, false])
  })

  test('time forgets them, counted from their last batch', () => {
    const producers = new Producers(10)
    producers.set(1, state(0))
    producers.set(2, state(500))
    producers.expire(1000, 600)
    expect([producers.get(1), producers.get(2)?.lastAppendMs]).toEqual([undefined, 500])
    expect([1, 2].map((id) => producers.mayBeForgotten(id))).toEqual([true, false])
  })

  test('after a loss anybody may be forgotten', () => {
    const producers = new Producers(10)
    producers.forgetAll(true)
    expect(producers.mayBeForgotten(2 ** 40)).toBe(true)
  })

  test('they come back from a snapshot as they were', () => {
    const producers = new Producers(10)
    producers.set(
      5,
      stateAfter([
        [0, 3],
        [3, 4],
      ])!,
    )
    producers.set(3, stateAfter([[0, 1]], 2)!)
    producers.expire(10 ** 9, 10 ** 8)
    producers.set(
      9,
      stateAfter([
        [0, 3],
        [3, 4],
      ])!,
    )
    const content = JSON.parse([...snapshotText(producers.snapshot(77))].join(''))
    const again = new Producers(10)
    again.load(content)
    expect(again.snapshot(77)).toEqual(producers.snapshot(77))
    expect(again.mayBeForgotten(5)).toBe(true)
  })
})

test.each([0, 1, 99, 100, 101, 250])('%i producers are written in pieces', (count) => {
  const producers = new Producers(1_000)
  for (let producerId = 0; producerId < count; producerId++) producers.set(producerId, stateAfter([[0, 1]], 2)!)
  const again = new Producers(1_000)
  again.load(JSON.parse([...snapshotText(producers.snapshot(5))].join('')))
  expect(again.snapshot(5)).toEqual(producers.snapshot(5))
})

// The naive twin remembers every record ever written, with its offset, and asks the log itself.
test('batches sent once, late, twice or not at all: the log holds each sequence once, in order', () => {
  const step = fc.record({ back: fc.integer({ min: -3, max: 12 }), count: fc.integer({ min: 1, max: 4 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let state: ProducerState | undefined
      const written: number[] = []
      const batches = new Map<number, { count: number; offset: number }>()
      for (const { back, count } of steps) {
        const sequence = written.length - back
        if (sequence < 0) continue
        const verdict = judge(state, header(sequence, count), false)
        const same = batches.get(sequence)
        if (sequence === written.length) {
          expect(verdict.kind).toBe('next')
          state = afterBatch(state, header(sequence, count), written.length, 0, 0)
          batches.set(sequence, { count, offset: written.length })
          for (let at = 0; at < count; at++) written.push(sequence + at)
        } else if (verdict.kind === 'duplicate') {
          expect(same).toEqual({ count, offset: verdict.batch.baseOffset })
        } else {
          expect(verdict).toMatchObject({ kind: 'refused' })
          const isWritten = sequence + count <= written.length
          const code = isWritten
            ? DUPLICATE_SEQUENCE_NUMBER.code
            : state === undefined
              ? UNKNOWN_PRODUCER_ID.code
              : OUT_OF_ORDER_SEQUENCE_NUMBER.code
          expect(verdict.kind === 'refused' && verdict.errorCode).toBe(code)
        }
      }
      expect(written).toEqual(written.map((_, at) => at))
    }),
    { numRuns: 200 },
  )
})

import { describe, expect, test } from 'vitest'
import { EpochHistory } from './epochs.ts'

const history = (...entries: [number, number][]) => EpochHistory.from({ highest: -1, entries })

describe('where epochs begin', () => {
  test.each<[string, [number, number][], [number, number], [number, number][]]>([
    ['the first one', [], [3, 0], [[3, 0]]],
    [
      'a later one',
      [[3, 0]],
      [5, 10],
      [
        [3, 0],
        [5, 10],
      ],
    ],
    ['one that is known already', [[3, 0]], [3, 10], [[3, 0]]],
    ['an older one', [[3, 0]], [2, 10], [[3, 0]]],
    [
      'one that takes the place of an epoch without records',
      [
        [3, 0],
        [4, 10],
      ],
      [5, 10],
      [
        [3, 0],
        [5, 10],
      ],
    ],
    [
      'one that takes the place of several',
      [
        [3, 10],
        [4, 10],
      ],
      [5, 10],
      [[5, 10]],
    ],
  ])('%s', (_, before, [epoch, offset], after) => {
    const epochs = history(...before)
    expect(epochs.assign(epoch, offset)).toBe(epoch > (before.at(-1)?.[0] ?? -1))
    expect(epochs.content.entries).toEqual(after)
  })
})

describe('where epochs end, in a log of epochs 2 (0-39), 5 (40-99) and 6 (100-119)', () => {
  const epochs = history([2, 0], [5, 40], [6, 100])
  test.each<[string, number, number, number]>([
    ['the last one ends with the log', 6, 6, 120],
    ['one in between ends where the next begins', 5, 5, 100],
    ['the first one', 2, 2, 40],
    ['one that this log never had: the one before it', 4, 2, 40],
    ['one above all: unknown', 7, -1, -1],
    ['one below all: nothing of it is here', 1, 1, 0],
  ])('%s', (_, asked, epoch, endOffset) => {
    expect(epochs.endOf(asked, 120)).toEqual({ epoch, endOffset })
  })

  test('an empty history knows of none', () => {
    expect(new EpochHistory().endOf(0, 0)).toEqual({ epoch: -1, endOffset: -1 })
  })

  test('the epoch of a record', () => {
    expect([0, 39, 40, 99, 100, 500].map((offset) => epochs.epochAt(offset))).toEqual([2, 2, 5, 5, 6, 6])
    expect(history([2, 10]).epochAt(9)).toBe(-1)
  })
})

describe('truncation', () => {
  test.each<[number, [number, number][]]>([
    [
      120,
      [
        [2, 0],
        [5, 40],
        [6, 100],
      ],
    ],
    [
      101,
      [
        [2, 0],
        [5, 40],
        [6, 100],
      ],
    ],
    [
      100,
      [
        [2, 0],
        [5, 40],
      ],
    ],
    [40, [[2, 0]]],
    [0, []],
  ])('of the end to %i; the highest epoch stays known (R5)', (offset, entries) => {
    const epochs = history([2, 0], [5, 40], [6, 100])
    epochs.truncateEnd(offset)
    expect(epochs.content).toEqual({ highest: 6, entries })
  })

  test('an epoch below the highest that is known does not lower that', () => {
    const epochs = history([2, 0], [6, 40])
    epochs.truncateEnd(0)
    epochs.assign(3, 0)
    expect(epochs.highest).toBe(6)
  })

  test.each<[number, [number, number][]]>([
    [
      0,
      [
        [2, 0],
        [5, 40],
        [6, 100],
      ],
    ],
    [
      20,
      [
        [2, 20],
        [5, 40],
        [6, 100],
      ],
    ],
    [
      40,
      [
        [5, 40],
        [6, 100],
      ],
    ],
    [110, [[6, 110]]],
  ])('of the start to %i', (offset, entries) => {
    const epochs = history([2, 0], [5, 40], [6, 100])
    epochs.truncateStart(offset)
    expect(epochs.content.entries).toEqual(entries)
  })
})

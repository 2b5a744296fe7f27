import { expect, test } from 'vitest'
import { type Entry, KeyWindow } from './window.ts'

const at = (offset: number) => ({ offset, leaderEpoch: 0 })

/** Takes in messages of these keys ('-': none), at offsets 0, 1, ... */
function windowOf(concurrency: number, sizeMax: number, keys: string): KeyWindow<number> {
  const window = new KeyWindow<number>(concurrency, sizeMax)
  for (const [offset, key] of [...keys].entries()) window.add(offset, key === '-' ? null : key, at(offset + 1))
  return window
}

function startAll(window: KeyWindow<number>): Entry<number>[] {
  const started: Entry<number>[] = []
  for (let entry = window.start(); entry !== undefined; entry = window.start()) started.push(entry)
  return started
}

test.each([
  [4, 'abc', [0, 1, 2]],
  [2, 'abc', [0, 1]],
  [4, 'aab', [0, 2]],
  [4, 'a-a-', [0, 1, 3]],
  [1, 'ab', [0]],
])('%i at once of %s: starts %j', (concurrency, keys, expected) => {
  expect(startAll(windowOf(concurrency, 10, keys)).map(({ item }) => item)).toEqual(expected)
})

test('is done as far as everything before is done', () => {
  const window = windowOf(3, 10, 'abc')
  const [a, b, c] = startAll(window)
  expect(window.done(b!)).toBeNull()
  expect(window.done(a!)).toEqual({ position: at(2), bytes: 0 })
  expect(window.done(c!)).toEqual({ position: at(3), bytes: 0 })
  expect(window.isEmpty).toBe(true)
})

test('a key goes on when its first is done, not when that has failed', () => {
  const window = windowOf(2, 10, 'aab')
  const [first, other] = startAll(window)
  window.rest()
  expect(startAll(window)).toEqual([])
  window.again(first!)
  expect(startAll(window)).toEqual([first])
  window.done(first!)
  expect(startAll(window).map(({ item }) => item)).toEqual([1])
  expect(window.done(other!)).toBeNull()
})

test('what waits for another attempt leaves its place to others', () => {
  const window = windowOf(1, 10, 'ab')
  const [first] = startAll(window)
  window.rest()
  expect(startAll(window).map(({ item }) => item)).toEqual([1])
  window.again(first!)
  expect(window.hasPlace).toBe(false)
})

test('fetched bytes are held until everything before their end is done', () => {
  const window = windowOf(2, 10, 'ab')
  expect(window.chunkEnds(at(5), 100)).toBeNull()
  const [a, b] = startAll(window)
  expect(window.done(b!)).toBeNull()
  expect(window.done(a!)).toEqual({ position: at(5), bytes: 100 })
  // Nothing is under way: at once.
  expect(window.chunkEnds(at(7), 50)).toEqual({ position: at(7), bytes: 50 })
})

test('is full with so many from the first that is not done, done or not', () => {
  const window = windowOf(3, 3, 'abc')
  const [a, b] = startAll(window)
  window.done(b!)
  expect(window.isFull).toBe(true)
  window.done(a!)
  expect(window.isFull).toBe(false)
})

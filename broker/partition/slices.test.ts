import { expect, test } from 'vitest'
import { settle, TestingClock } from '../log/testing.ts'
import { Slices } from './slices.ts'

test('a few at once, many over many turns, in order, until it is stopped', async () => {
  const clock = new TestingClock()
  const slices = new Slices(clock, 3)
  const done: number[] = []
  const give = (from: number, to: number) => {
    for (let task = from; task < to; task++) slices.run(() => done.push(task))
  }
  give(0, 2)
  expect(done).toEqual([0, 1])
  await settle()
  give(2, 10)
  expect(done).toEqual([0, 1, 2, 3, 4])
  await settle()
  give(10, 12)
  expect(done).toHaveLength(5)
  await clock.advance(1)
  expect(done).toHaveLength(8)
  await clock.advance(2)
  expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  give(12, 20)
  slices.stop()
  await clock.advance(100)
  expect(done).toHaveLength(15)
})

test('a turn ends after some milliseconds, however many pieces are allowed', async () => {
  const clock = new TestingClock()
  let nowMs = 0
  clock.nowMs = () => nowMs
  const slices = new Slices(clock, 1_000)
  const done: number[] = []
  const take = (task: number) => {
    done.push(task)
    nowMs += 2
  }
  const give = (from: number, to: number) => {
    for (let task = from; task < to; task++) slices.run(() => take(task))
  }
  give(0, 10)
  expect(done).toHaveLength(3)
  await clock.advance(1)
  expect(done).toHaveLength(6)
  await clock.advance(10)
  expect(done).toHaveLength(10)
  give(0, 1)
  expect(done).toHaveLength(11)
})

test('a task that gives another one is no loop without an end', async () => {
  const clock = new TestingClock()
  const slices = new Slices(clock, 2)
  let runs = 0
  const again = () => {
    runs++
    slices.run(again)
  }
  slices.run(again)
  expect(runs).toBe(2)
  await clock.advance(3)
  expect(runs).toBeLessThan(10)
})

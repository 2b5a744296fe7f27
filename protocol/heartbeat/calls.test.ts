import { expect, test } from 'vitest'
import type { Clock } from '../runtime/index.ts'
import { Calls } from './calls.ts'

/** A clock whose timers fire when the test says so. */
function handClock(): { clock: Clock; fireAll: () => unknown } {
  const tasks = new Set<() => void>()
  const clock: Clock = {
    wallMs: () => 0,
    nowMs: () => 0,
    bootMs: () => 0,
    soon: () => undefined,
    after: (_, task) => {
      tasks.add(task)
      return { cancel: () => void tasks.delete(task) }
    },
  }
  return { clock, fireAll: () => [...tasks].map((task) => task()) }
}

const ids = (calls: readonly { id: number }[]) => calls.map(({ id }) => id)

test('a call waits for a link, is sent once on it, and ends with its result', async () => {
  const calls = new Calls(handClock().clock)
  const result = calls.add('createTopic', { name: 'a' }, 100)
  expect(ids(calls.unsent(4))).toEqual([1])
  expect(calls.unsent(4)).toEqual([])
  calls.onResult({ type: 'result', id: 1, errorCode: 0, value: 'made' })
  calls.onResult({ type: 'result', id: 1, errorCode: 36 })
  expect(await result).toMatchObject({ errorCode: 0, value: 'made' })
})

test('after a broken link it is sent again to the same Castle, which knows it by its id', async () => {
  const calls = new Calls(handClock().clock)
  const result = calls.add('createTopic', {}, 100)
  calls.unsent(4)
  calls.unlinked()
  expect(ids(calls.unsent(4))).toEqual([1])
  calls.onResult({ type: 'result', id: 1, errorCode: 0 })
  expect((await result).errorCode).toBe(0)
})

test('to another Castle only what never left: of the rest nobody knows whether it was done', async () => {
  const calls = new Calls(handClock().clock)
  const left = calls.add('createTopic', {}, 100)
  calls.unsent(4)
  calls.unlinked()
  const waiting = calls.add('deleteTopic', {}, 100)
  expect(ids(calls.unsent(5))).toEqual([2])
  expect(await left).toMatchObject({ errorCode: 13, message: expect.stringContaining('look whether it was done') })
  calls.onResult({ type: 'result', id: 2, errorCode: 0 })
  expect((await waiting).errorCode).toBe(0)
})

test('time up: the result says whether it may have been done', async () => {
  const { clock, fireAll } = handClock()
  const calls = new Calls(clock)
  const sent = calls.add('createTopic', {}, 100)
  calls.unsent(4)
  const unsent = calls.add('createTopic', {}, 100)
  fireAll()
  expect(await sent).toMatchObject({ errorCode: 7, message: expect.stringContaining('look whether it was done') })
  expect(await unsent).toMatchObject({ errorCode: 7, message: expect.stringContaining('nothing was done') })
  expect(calls.unsent(4)).toEqual([])
})

test('too many at a time are refused, and a stop tells everyone who waits', async () => {
  const calls = new Calls(handClock().clock)
  const waiting = Array.from({ length: 1_000 }, () => calls.add('createTopic', {}, 100))
  expect(await calls.add('createTopic', {}, 100)).toMatchObject({ errorCode: 89 })
  calls.close()
  expect(new Set((await Promise.all(waiting)).map(({ errorCode }) => errorCode))).toEqual(new Set([13]))
})

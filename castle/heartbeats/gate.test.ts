import { expect, test } from 'vitest'
import { Gate } from './gate.ts'

/** Everybody comes at 0, and again whenever told; returns the second in which each came in, and the number of tries. */
function storm(senders: number, perSecond: number): { seconds: number[]; tries: number } {
  const gate = new Gate(perSecond)
  // Times of trying next; each is in the future when it is added, so inserting from the end keeps them in order.
  const waiting = Array.from({ length: senders }, () => 0)
  const seconds: number[] = []
  let tries = 0
  while (waiting.length > 0) {
    const nowMs = waiting.shift() ?? 0
    const comeBackInMs = gate.arrive(nowMs)
    tries += 1
    if (comeBackInMs === 0) seconds.push(Math.floor(nowMs / 1_000))
    else waiting.splice(waiting.findLastIndex((each) => each <= nowMs + comeBackInMs) + 1, 0, nowMs + comeBackInMs)
    if (comeBackInMs > 30_000) throw new Error(`told to wait ${comeBackInMs} ms`)
  }
  return { seconds, tries }
}

test('a storm becomes a queue: at most the rate each second, nearly nobody asked to come back twice', () => {
  const { seconds, tries } = storm(2_000, 500)
  for (const second of [1, 2]) {
    const cameIn = seconds.filter((each) => each === second).length
    expect(cameIn).toBeGreaterThan(450)
    expect(cameIn).toBeLessThanOrEqual(501)
  }
  expect(Math.max(...seconds)).toBeLessThanOrEqual(4)
  expect(tries).toBeLessThan(2 * 2_000 * 1.1)
})

test('more than can come in soon are still told a time, again and again', () => {
  const { seconds, tries } = storm(4_000, 50)
  expect(seconds.length).toBe(4_000)
  expect(Math.max(...seconds)).toBeLessThan(100)
  expect(tries).toBeLessThan(4_000 * 6)
})

test('below the rate everybody comes straight in, however slow the rate', () => {
  const gate = new Gate(1)
  expect([0, 1_000, 2_000, 9_000].map((nowMs) => gate.arrive(nowMs))).toEqual([0, 0, 0, 0])
  expect(gate.arrive(9_500)).toBeGreaterThan(0)
})

import type { Clock } from '@castellan/protocol/runtime'
import { expect, test } from 'vitest'
import { Session } from './session.ts'

function clockOf() {
  const times = { nowMs: 1_000, bootMs: 50_000, wallMs: 1_700_000_000_000 }
  let bootReads = 0
  const clock: Clock = {
    wallMs: () => times.wallMs,
    nowMs: () => times.nowMs,
    bootMs: () => {
      bootReads++
      return times.bootMs
    },
    after: () => ({ cancel() {} }),
    soon() {},
  }
  const pass = (ms: number, asleepMs = 0) => {
    times.nowMs += ms
    times.bootMs += ms + asleepMs
    times.wallMs += ms + asleepMs
  }
  return {
    clock,
    pass,
    lease: (ms: number) => ({ nowMs: times.nowMs + ms, bootMs: times.bootMs + ms }),
    reads: () => bootReads,
  }
}

test('counts until the lease is over, and not without one', () => {
  const { clock, pass, lease } = clockOf()
  const session = new Session(clock)
  expect(session.isValid).toBe(false)
  session.renew(lease(10_000))
  expect(session.isValid).toBe(true)
  pass(9_999)
  expect(session.isValid).toBe(true)
  pass(1)
  expect(session.isValid).toBe(false)
  session.renew(lease(10_000))
  expect(session.isValid).toBe(true)
  session.end()
  expect(session.isValid).toBe(false)
})

test('is over after a sleep of the machine, at the very next question', () => {
  const { clock, pass, lease } = clockOf()
  const session = new Session(clock)
  session.renew(lease(10_000))
  expect(session.isValid).toBe(true)
  pass(0.1, 10_000)
  expect(session.isValid).toBe(false)
})

test('seldom reads the boot-time clock', () => {
  const { clock, pass, lease, reads } = clockOf()
  const session = new Session(clock)
  session.renew(lease(10_000))
  for (let message = 0; message < 1_000; message++) {
    expect(session.isValid).toBe(true)
    pass(0.1)
  }
  expect(reads()).toBeLessThan(15)
})

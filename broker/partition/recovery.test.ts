import { silentLogger } from '@castellan/protocol/runtime'
import { expect, test } from 'vitest'
import { newCounters } from '../log/context.ts'
import { gate, settle, TestingClock } from '../log/testing.ts'
import { type RecoveryProgress, recoverAll } from './recovery.ts'

test('some logs at a time, and how far it is is told when asked and every few seconds', async () => {
  const clock = new TestingClock()
  const counters = newCounters()
  const said: object[] = []
  const log = { ...silentLogger, info: (fields: object) => void said.push(fields) }
  let progress!: () => RecoveryProgress
  const gates = Array.from({ length: 20 }, () => gate())
  const begun: number[] = []
  const open = async (index: number) => {
    begun.push(index)
    counters.recoveryBytes += 10
    await gates[index]!.promise
    counters.recoveredBytes += 10
  }
  const places = gates.map((_, index) => index)
  const recovery = recoverAll(places, open, { clock, log, counters, onBegin: (ask) => (progress = ask) })
  await settle()
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  expect(progress()).toEqual({ logs: 20, opened: 0, bytesToCheck: 80, bytesChecked: 0 })
  gates[3]!.open()
  await clock.advance(5_000)
  expect(begun.at(-1)).toBe(8)
  expect(said).toEqual([progress(), progress()])
  expect(progress()).toEqual({ logs: 20, opened: 1, bytesToCheck: 90, bytesChecked: 10 })
  for (const { open } of gates) open()
  await clock.advance(100)
  await recovery
  expect(progress()).toEqual({ logs: 20, opened: 20, bytesToCheck: 200, bytesChecked: 200 })
  await clock.advance(10_000)
  expect(said).toHaveLength(2)
})

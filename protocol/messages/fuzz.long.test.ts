import { expect, it } from 'vitest'
import { fuzz } from './fuzz.cases.ts'

it('a million mutated frames give messages or ProtocolErrors', { timeout: 600_000 }, () => {
  const seed = Number(process.env['CASTELLAN_SEED'] ?? Date.now() % 1_000_000_000)
  console.info(`fuzz seed ${seed} (CASTELLAN_SEED=${seed} runs it again)`)
  const heapBytes = process.memoryUsage().heapUsed
  const outcome = fuzz(seed, 1_000_000)
  console.info(outcome)
  expect(outcome.frames).toBe(1_000_000)
  expect(outcome.slowestCpuMs).toBeLessThan(2_000)
  globalThis.gc?.()
  expect(process.memoryUsage().heapUsed - heapBytes).toBeLessThan(300 * 1024 * 1024)
})

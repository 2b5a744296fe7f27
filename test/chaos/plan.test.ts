import { expect, test } from 'vitest'
import { faultKinds, planFaults } from './plan.ts'

test('a seed is a plan; another seed is another', () => {
  const plan = planFaults(1, faultKinds, 120_000)
  expect(planFaults(1, faultKinds, 120_000)).toEqual(plan)
  expect(planFaults(2, faultKinds, 120_000)).not.toEqual(plan)
})

test('every kind comes, in order, and all ends in time', () => {
  for (let seed = 0; seed < 50; seed++) {
    const plan = planFaults(seed, faultKinds, 240_000)
    expect(new Set(plan.map(({ kind }) => kind)).size).toBe(faultKinds.length)
    expect(plan.map(({ atMs }) => atMs)).toEqual(plan.map(({ atMs }) => atMs).sort((a, b) => a - b))
    for (const { atMs, forMs, broker, from, to } of plan) {
      expect(atMs + forMs).toBeLessThanOrEqual(240_000)
      expect([1, 2, 3]).toContain(broker)
      expect(from).not.toBe(to)
    }
  }
})

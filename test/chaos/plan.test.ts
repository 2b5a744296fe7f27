import { expect, test } from 'vitest'
import { faultKinds, planFaults } from './plan.ts'

test('a seed is a plan; another seed is another', () => {
  const plan = planFaults(1, faultKinds, 120_000)
  expect(planFaults(1, faultKinds, 120_000)).toEqual(plan)
  expect(planFaults(2, faultKinds, 120_000)).not.toEqual(plan)
})

test('every kind comes, in order, and all ends in time', () => {
  const untilMs = 180_000
  for (let seed = 0; seed < 500; seed++) {
    const plan = planFaults(seed, faultKinds, untilMs)
    const wrong = plan.filter(
      ({ atMs, forMs, broker, from, to }, index) =>
        atMs < (plan[index - 1]?.atMs ?? 0) || atMs + forMs > untilMs || ![1, 2, 3].includes(broker) || from === to,
    )
    expect(wrong, `seed ${seed}`).toEqual([])
    expect(new Set(plan.map(({ kind }) => kind)).size, `seed ${seed}`).toBe(faultKinds.length)
  }
})

import { expect, test } from 'vitest'
import { runByChance } from './chance.ts'

test('kills, power losses and cuts by chance: nothing acknowledged is lost, and all logs end equal to the byte', async () => {
  let truncations = 0
  for (const seed of [8, 11, 25]) {
    const outcome = await runByChance(seed, 50)
    expect(outcome, `seed ${seed}`).toMatchObject({ lost: [], areEqual: true })
    expect(outcome.acknowledged).toBeGreaterThan(10)
    truncations += outcome.truncations
  }
  expect(truncations, 'logs that parted').toBeGreaterThan(0)
})

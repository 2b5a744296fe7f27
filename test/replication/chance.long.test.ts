import { randomInt } from 'node:crypto'
import { expect, test } from 'vitest'
import { runByChance } from './chance.ts'

test('a hundred fresh seeds', { timeout: 300_000 }, async () => {
  const first = randomInt(1_000_000_000)
  for (let seed = first; seed < first + 100; seed++) {
    const outcome = await runByChance(seed, 80).catch((cause: unknown) => {
      throw new Error(`seed ${seed}`, { cause })
    })
    expect(outcome, `seed ${seed}`).toMatchObject({ lost: [], areEqual: true })
  }
})

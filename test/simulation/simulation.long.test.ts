// More seeds than `npm test` has time for.
import { test } from 'vitest'
import { expectSeedsToHold } from './seeds.ts'

test('four hundred further seeds keep every promise', { timeout: 900_000 }, async () => {
  await expectSeedsToHold(101, 400)
})

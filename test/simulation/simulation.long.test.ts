// Many seeds: every promise holds in each, and each kind of fault and each rare branch has happened in one of them. Fixed ones, which
// held before, and fresh ones, whose first is printed: a red run is red again with `npm run simulate -- --seed FIRST --seeds COUNT`.
import { randomInt } from 'node:crypto'
import { expect, test } from 'vitest'
import { expectSeedsToHold } from './seeds.ts'

test('many seeds keep every promise, and every fault and rare branch happens', { timeout: 900_000 }, async () => {
  const known = await expectSeedsToHold({ first: 1_110, count: 30 })
  const fresh = await expectSeedsToHold({ first: randomInt(1e6, 1e9), count: 110 })
  const inNeither = (never: readonly string[], neverThere: readonly string[]) =>
    never.filter((what) => neverThere.includes(what))
  expect(inNeither(known.faultsThatNeverHappened, fresh.faultsThatNeverHappened)).toEqual([])
  expect(inNeither(known.branchesNeverTaken, fresh.branchesNeverTaken)).toEqual([])
})

// Fresh seeds for minutes: each kind of fault and each rare branch must have happened by then.
import { nodeRuntime } from '@castellan/protocol/runtime'
import { expect, test } from 'vitest'
import { expectSeedsToHold } from './seeds.ts'

test('fresh seeds keep every promise, and every fault and rare branch happens', { timeout: 600_000 }, async () => {
  const { clock } = nodeRuntime()
  const report = await expectSeedsToHold({ first: clock.wallMs() % 1_000_000_000, minutes: 4 })
  expect(report.faultsThatNeverHappened).toEqual([])
  expect(report.branchesNeverTaken).toEqual([])
})

// A fixed set of seeds of the whole platform under faults: every promise holds in each, and a seed replays to the byte.
import { expect, test } from 'vitest'
import { runSeed } from './run.ts'
import { expectSeedsToHold } from './seeds.ts'

test('a fixed set of seeds keeps every promise', async () => {
  await expectSeedsToHold({ first: 1, count: 5 })
})

test('damage that is found when all seems done is mended before a run is judged', async () => {
  await expectSeedsToHold({ first: 365424379, count: 1 })
})

test('a seed replays to the byte', async () => {
  const [one, other] = [await runSeed(7), await runSeed(7)]
  expect(one.traceHash).toBe(other.traceHash)
  expect((await runSeed(8)).traceHash).not.toBe(one.traceHash)
})

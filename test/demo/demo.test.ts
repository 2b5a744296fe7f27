// The demo, plain and under kill -9 of a broker.
import { expect, test } from 'vitest'
import { expectRepeatsOnlyFrom, expectRight, killAndRestart, repeatsFrom, run, withPlatform } from './promise.ts'

withPlatform()

test('undisturbed: equal totals, each message handed out once', async () => {
  const { result } = await run()
  await expectRight(result)
  expect(repeatsFrom(result.deliveries).size).toBe(0)
  expect(new Set(result.deliveries.map(({ member }) => member)).size).toBe(3)
})

test('a broker is killed with -9 on the way, and comes back', async () => {
  const { result, commits } = await run([{ at: 0.1, strike: () => killAndRestart('broker-1') }])
  await expectRight(result)
  expectRepeatsOnlyFrom(commits, result.deliveries)
})

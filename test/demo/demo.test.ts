// The demo, plain and under kill -9 of each broker.
import { expect, test } from 'vitest'
import { expectRepeatsOnlyFrom, expectRight, platform, repeatsFrom, run, withPlatform } from './promise.ts'

withPlatform()

test('undisturbed: equal totals, each message handed out once', async () => {
  const { result } = await run()
  await expectRight(result)
  expect(repeatsFrom(result.deliveries).size).toBe(0)
  expect(new Set(result.deliveries.map(({ member }) => member)).size).toBe(3)
})

test('every broker is killed with -9 on the way and comes back', async () => {
  const strike = (name: `broker-${number}`) => async () => {
    await platform.kill(name)
    await platform.restart(name)
  }
  const { result, commits } = await run([
    { at: 0.1, strike: strike('broker-1') },
    { at: 0.3, strike: strike('broker-2') },
    { at: 0.5, strike: strike('broker-3') },
  ])
  await expectRight(result)
  expectRepeatsOnlyFrom(commits, result.deliveries)
})

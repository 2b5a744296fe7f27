// The demo under kill -9 of Castle, and of a consumer.
import { test } from 'vitest'
import { expectRepeatsOnlyFrom, expectRight, platform, run, withPlatform } from './promise.ts'
import type { Progress } from './run.ts'

withPlatform()

test('Castle is killed with -9 and started again', async () => {
  const strike = async () => {
    await platform.kill('castle')
    await platform.restart('castle')
    await platform.untilUp()
  }
  const { result, commits } = await run([{ at: 0.1, strike }])
  await expectRight(result)
  expectRepeatsOnlyFrom(commits, result.deliveries)
})

test('a consumer is killed with -9: the others go on from its last commit', async () => {
  const strike = async ({ consumers }: Progress) => {
    await consumers.get('consumer-2')?.kill()
  }
  const { result, commits } = await run([{ at: 0.2, strike }])
  await expectRight(result)
  expectRepeatsOnlyFrom(commits, result.deliveries)
})

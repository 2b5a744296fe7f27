// The demo under kill -9 of one broker after another, of Castle, of Castle together with a leader, and of a consumer.
import { test } from 'vitest'
import { waitFor } from '../processes/index.ts'
import {
  expectRepeatsOnlyFrom,
  expectRight,
  killAndRestart,
  platform,
  run,
  untilInSync,
  withPlatform,
} from './promise.ts'
import type { Progress } from './run.ts'

withPlatform()

test('one broker after another is killed with -9, the next when all replicas are in sync again', async () => {
  const { result, commits } = await run([
    { at: 0.1, strike: () => killAndRestart('broker-1') },
    { at: 0.3, strike: () => killAndRestart('broker-2') },
    { at: 0.5, strike: () => killAndRestart('broker-3') },
  ])
  await expectRight(result)
  expectRepeatsOnlyFrom(commits, result.deliveries)
})

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

test('Castle is killed together with a leader: sends wait for Castle, say so, and none fails', async () => {
  const strike = async (_: Progress, said: readonly string[]) => {
    await Promise.all([platform.kill('castle'), platform.kill('broker-2')])
    const toldSince = said.length
    const isTold = (text: RegExp) => said.slice(toldSince).some((line) => text.test(line))
    await waitFor('a word that sends wait, and why', () => isTold(/^sends wait: .*Castle/), 30_000)
    await platform.restart('castle')
    await waitFor('a word that they go on', () => isTold(/^sends go on/), 60_000)
    await platform.restart('broker-2')
    await untilInSync()
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

import { expect, test } from 'vitest'
import { Harness } from '../testing/harness.ts'
import { Problems } from './problems.ts'

test('since when something is wrong is known though nobody asked, for as long as somebody watches', async () => {
  const world = await Harness.start()
  const [broker] = await world.replicating(1)
  const problems = new Problems(world.castle, world.clock)
  problems.watch()
  broker?.change({ full: true })
  const fullMs = world.clock.wallMs()
  await world.clock.pass(60_000)
  const [full] = problems.all()
  expect(full?.kind).toBe('disk-full')
  expect(Date.parse(full?.since ?? '') - fullMs).toBeLessThan(6_000)
  problems.close()
  broker?.change({ full: false })
  await world.clock.pass(60_000)
  expect(problems.all()).toEqual([])
  await world.castle.stop()
})

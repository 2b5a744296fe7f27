// The packed @castellan/testing beside the packed SDK: a service is tested on Node 20 and 24, and both share one SDK.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestProcess } from '../processes/index.ts'
import { Installed, nodeOf } from './installed.ts'

let installed: Installed

beforeAll(() => {
  installed = Installed.make('testing')
})

afterAll(() => installed?.remove())

const code = `
  import { CastellanError } from '@castellan/sdk'
  import { TestPlatform } from '@castellan/testing'

  const platform = await TestPlatform.start({ topics: { orders: {} } })
  const castellan = await platform.connect({ service: 'billing' })
  const consumer = castellan.consumer({ group: 'billing', topics: ['orders'], retry: { initialIntervalMs: 20_000 } })
  consumer.run((message, { attempt }) => {
    if (attempt === 1) throw new Error('not yet')
  })
  const { attempts } = await platform.handled(await platform.send({ topic: 'orders', value: 'a book' }))
  const refused = await castellan.producer().send({ topic: 7 }).catch((error) => error)
  await platform.stop()
  console.log(JSON.stringify({ attempts, isOurs: refused instanceof CastellanError }))
`

test.each([20, 24])('on Node %s', async (major) => {
  const node = nodeOf(major, installed.folder)
  const tested = new TestProcess('tested', installed.write('tested.mjs', code), [], { node, cwd: installed.folder })
  await tested.ended
  expect(tested.stderr).toBe('')
  expect(JSON.parse(tested.stdout)).toEqual({ attempts: 2, isOurs: true })
})

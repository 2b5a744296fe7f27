// The demo, undisturbed; demo.long.test.ts kills brokers, Castle and a consumer on the way.
import { expect, test } from 'vitest'
import { expectRight, repeatsFrom, run, withPlatform } from './promise.ts'

withPlatform()

test('undisturbed: equal totals, each message handed out once', async () => {
  const { result } = await run()
  await expectRight(result)
  expect(repeatsFrom(result.deliveries).size).toBe(0)
  expect(new Set(result.deliveries.map(({ member }) => member)).size).toBe(3)
})

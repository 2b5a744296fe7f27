// The first producer and consumer of the README, run as they stand there.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { castellan, root, startPlatform, type TestPlatform, TestProcess, waitFor } from '../processes/index.ts'

let platform: TestPlatform
let folder: string

beforeAll(async () => {
  platform = await startPlatform({ brokers: 1 })
  folder = mkdtempSync(join(root, 'test', 'e2e', '.readme-')) // where @castellan/sdk is found
})

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await platform.stop()
})

test('a first producer and consumer', async () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const command = /npm run castellan -- (topic create .*)/.exec(readme)?.[1]?.split(' ') ?? []
  const made = new TestProcess('topic', castellan, [...command, '--castle', platform.castle])
  expect(await made.ended).toMatchObject({ code: 0 })

  const code = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''
  expect(code.trim().split('\n').length).toBeLessThanOrEqual(12)
  const file = join(folder, 'first.ts')
  writeFileSync(file, code.replace('http://127.0.0.1:8600', platform.castle))
  const first = new TestProcess('first', file, [])
  await waitFor('the message to come back', () => first.stdout.includes('got '))
  const [, offset] = /stands in partition \d at offset (\d+)/.exec(first.stdout) ?? []
  expect(first.stdout).toContain(`got ${offset}`)
  await first.kill()
})

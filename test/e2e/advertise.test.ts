// A broker that clients reach by another address than the one it listens on: a container's published port, a load balancer, a name.
import { createServer, connect as dial, type Server } from 'node:net'
import { runHere } from '@castellan/cli/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePorts, startPlatform, type TestPlatform } from '../processes/index.ts'

let platform: TestPlatform | undefined
let door: Server
let address: string
let passed = 0

beforeAll(async () => {
  const [port = 0] = await freePorts(1)
  address = `127.0.0.2:${port}`
  door = createServer((outside) => {
    passed++
    // Castle looks whether the address is the broker's own as soon as it registers: here is not yet known where that is.
    if (platform === undefined) return void outside.destroy()
    const [host = '', to = ''] = platform.bootstrap.split(':')
    const inside = dial(Number(to), host)
    for (const [one, other] of [
      [outside, inside],
      [inside, outside],
    ] as const) {
      one.pipe(other)
      one.on('error', () => other.destroy())
    }
  })
  await new Promise<void>((resolve) => door.listen(port, '127.0.0.2', resolve))
  platform = await startPlatform({ brokers: 1, brokerArgs: ['--advertise', address] })
})

afterAll(async () => {
  await platform?.stop()
  door.close()
})

test('everybody goes by the advertised address: clients, and Castle itself', async () => {
  const castle = platform?.castle ?? ''
  const run = (words: string, input?: string) =>
    runHere([...words.split(' '), '--castle', castle], input === undefined ? {} : { input })
  expect((await run('status')).stdout).toContain(address)
  await run('topic create orders --partitions 1')
  const before = passed
  expect(await run('produce orders', 'one\n')).toMatchObject({ code: 0 })
  expect(passed).toBeGreaterThan(before)
  expect((await run('consume orders --group g --from earliest --max 1')).stdout).toBe('one\n')
  const beforeOffsets = passed
  expect((await run('group describe g')).stdout).toMatch(/^orders +0 +1 +1 +0$/m)
  expect(passed).toBeGreaterThan(beforeOffsets)
})

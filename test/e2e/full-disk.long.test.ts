// A disk without room (R9): everything stays up and says what is wrong, and goes on by itself when there is room again.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@castellan/protocol/runtime'
import { connect } from '@castellan/sdk'
import { afterAll, expect, test } from 'vitest'
import { makeTopic } from '../clients/topics.ts'
import { castellan, TestProcess, waitFor } from '../processes/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'castellan-small-'))
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=32M', 'tmpfs', folder]).status === 0
const filler = join(folder, 'filler')

afterAll(() => {
  if (mounted) spawnSync('umount', ['-l', folder])
  rmSync(folder, { recursive: true, force: true })
})

/** Takes all the room there is. */
function fill(): void {
  for (let bytes = 1 << 20, size = 0; bytes >= 1; ) {
    try {
      writeFileSync(filler, Buffer.alloc(bytes), { flag: 'a' })
      size += bytes
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOSPC') throw error
      bytes = size === 0 ? 0 : bytes >> 1
    }
  }
}

test.skipIf(!mounted)(
  'a full disk ends nothing; with room again a send goes through',
  { timeout: 120_000 },
  async () => {
    const words = [
      'start',
      '--brokers',
      '1',
      '--castle-port',
      '0',
      '--broker-port',
      '0',
      '--data',
      join(folder, 'data'),
    ]
    const start = new TestProcess('start', castellan, words)
    try {
      await waitFor('ready', () => start.stdout.includes('ready castle='))
      const castle = /castle=(\S+)/.exec(start.stdout)![1]!
      const pidOf = async () => {
        const { items } = (await (await fetch(`${castle}/api/brokers`)).json()) as {
          items: { pid: number; state: string }[]
        }
        return items.find(({ state }) => state === 'up')?.pid
      }
      const pid = await pidOf()
      const topic = await makeTopic(castle, { partitions: 1 })
      const client = await connect({ castle, service: 'test', log: silentLogger })
      const producer = client.producer()
      await producer.send({ topic, value: 'before' })
      fill()
      const refused = producer.send({ topic, value: Buffer.alloc(100_000) })
      refused.catch(() => {})
      // Castle cannot write either: it says so, and lives.
      const created = await fetch(`${castle}/api/topics`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'no-room' }),
      })
      expect(created.ok).toBe(false)
      await waitFor('Castle to say what is wrong', async () => {
        const { status } = (await (await fetch(`${castle}/api/health`)).json()) as { status: string }
        return status !== 'ok'
      })
      expect(start.isRunning).toBe(true)
      rmSync(filler)
      const { offset } = await refused
      expect(offset).toBe(1)
      expect((await producer.send({ topic, value: 'after' })).offset).toBe(2)
      await makeTopic(castle, { partitions: 1 })
      await waitFor('Castle to be well', async () => {
        const { status } = (await (await fetch(`${castle}/api/health`)).json()) as { status: string }
        return status === 'ok'
      })
      expect(await pidOf()).toBe(pid)
      await client.close()
    } finally {
      await start.stop()
    }
  },
)

// All brokers of `castellan start` restarted by the command that does it, under load at each ack level: no send fails.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@castellan/protocol/runtime'
import { type Castellan, connect } from '@castellan/sdk'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { castellan, TestProcess, waitFor } from '../processes/index.ts'

const partitions = 3
let folder: string
let data: string
let supervisor: TestProcess
let castle: string
const connected: Castellan[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'castellan-rolling-'))
  data = join(folder, 'data')
  supervisor = new TestProcess('start', castellan, [
    'start',
    '--castle-port',
    '0',
    '--broker-port',
    '0',
    '--data',
    data,
  ])
  const line = await waitFor('the ready line', () => /ready castle=(\S+)/.exec(supervisor.stdout) ?? undefined, 60_000)
  castle = line[1]!
})

afterEach(async () => {
  for (const one of connected.splice(0)) await one.close({ timeoutMs: 1_000 })
  await supervisor.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function makeTopic(name: string, ackLevel: -1 | 1, replicationFactor = 3): Promise<void> {
  const body = JSON.stringify({ name, partitions, ackLevel, replicationFactor })
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${castle}/api/topics`, { method: 'POST', headers, body })
  expect(response.status).toBe(201)
}

/** Sends to all partitions of a topic, one message after another in each, until it is told to stop. */
class Load {
  /** What was acknowledged, by partition: its number stands at its offset. */
  readonly acknowledged: { number: number; offset: number }[][] = []
  readonly errors: unknown[] = []
  #isOver = false
  #running: Promise<unknown> = Promise.resolve()

  async start(topic: string): Promise<void> {
    const client = await connect({ castle, service: 'rolling', log: silentLogger })
    connected.push(client)
    const producer = client.producer()
    const one = async (partition: number) => {
      const acknowledged: { number: number; offset: number }[] = []
      this.acknowledged[partition] = acknowledged
      for (let number = 0; !this.#isOver; number++) {
        try {
          const { offset } = await producer.send({ topic, partition, value: String(number) })
          acknowledged.push({ number, offset })
        } catch (error) {
          this.errors.push(error)
        }
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    }
    this.#running = Promise.all(Array.from({ length: partitions }, (_, partition) => one(partition)))
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#running
  }
}

function command(...words: string[]): TestProcess {
  return new TestProcess('broker restart', castellan, ['broker', ...words, '--castle', castle])
}

test('one after another: no send fails, and every message stands where its producer was told', async () => {
  await makeTopic('safe', -1)
  await makeTopic('quick', 1)
  const loads = [new Load(), new Load()]
  await Promise.all([loads[0]!.start('safe'), loads[1]!.start('quick')])
  const restart = command('restart', '--data', data, '--json')
  expect(await restart.ended, restart.stderr).toEqual({ code: 0, signal: null })
  await Promise.all(loads.map((load) => load.stop()))
  const restarted = JSON.parse(restart.stdout) as { broker: number; pidBefore: number; pid: number }[]
  expect(restarted.map(({ broker }) => broker)).toEqual([1, 2, 3])
  for (const { pidBefore, pid } of restarted) expect(pid).not.toBe(pidBefore)
  expect(restart.stderr).toContain('broker 2: stopping process')
  expect(loads.flatMap(({ errors }) => errors)).toEqual([])
  for (const { acknowledged } of loads) {
    for (const ofPartition of acknowledged) {
      expect(ofPartition.length).toBeGreaterThan(50)
      expect(ofPartition).toEqual(ofPartition.map((_, number) => ({ number, offset: number })))
    }
  }
}, 180_000)

test('what cannot be had without harm is refused, and said by the exit code', async () => {
  await makeTopic('alone', -1, 1)
  const check = command('can-stop')
  expect(await check.ended).toMatchObject({ code: 0 })
  const mistyped = command('can-stop', '9')
  expect(await mistyped.ended).toMatchObject({ code: 3 })
  expect(mistyped.stderr).toMatch(/knows no broker 9: it knows 1, 2, 3/)
  const refused = command('restart', '--data', data)
  expect(await refused.ended).toMatchObject({ code: 4 })
  expect(refused.stderr).toMatch(/Broker 1 cannot be stopped without harm: alone\/\d has no other replica/)
  const canStop = command('can-stop', '1', '--json')
  expect(await canStop.ended).toMatchObject({ code: 4 })
  expect(JSON.parse(canStop.stdout)).toMatchObject({ ok: false, obstacles: [{ topic: 'alone', passes: false }] })
  const elsewhere = command('restart', '--data', folder)
  expect(await elsewhere.ended).toMatchObject({ code: 3 })
  const forced = command('restart', '1', '--force', '--data', data)
  expect(await forced.ended, forced.stderr).toMatchObject({ code: 0 })
}, 120_000)

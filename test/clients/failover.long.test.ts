// Clients go on through the death of each broker, one after another: no send fails, and each message stands where its client was told.

import { nodeRuntime, silentLogger } from '@castellan/protocol/runtime'
import { Admin, KafkaClient } from '@castellan/sdk/kafka'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPlatform, type TestPlatform, waitFor } from '../processes/index.ts'
import { Load, type LoadClient, loadClients, loadMissing } from './load/index.ts'
import { makeTopic } from './topics.ts'

const partitions = 6
let platform: TestPlatform
let client: KafkaClient

beforeAll(async () => {
  platform = await startPlatform()
  const [host = '', port] = platform.bootstrap.split(',')[0]!.split(':')
  client = new KafkaClient(nodeRuntime(), { bootstrap: [{ host, port: Number(port) }], clientId: 'test' }, silentLogger)
})
afterAll(async () => {
  client?.close()
  await platform?.stop()
})

interface Known {
  readonly partition: number
  readonly n: number
  readonly offset: number
}

for (const kind of loadClients) {
  const missing = loadMissing(kind)
  test.skipIf(missing !== undefined)(`${kind} goes on`, { timeout: 300_000 }, () => goesOn(kind))
}

async function goesOn(kind: LoadClient): Promise<void> {
  const topic = await makeTopic(platform.castle, { partitions, replicationFactor: 3, ackLevel: -1 })
  const known: Known[] = []
  const failed: string[] = []
  const load = new Load({
    client: kind,
    castle: platform.castle,
    bootstrap: platform.bootstrap,
    topic,
    partitions,
    perSecond: 200,
    acks: -1,
    name: kind,
    onAck: (partition, n, offset) => known.push({ partition, n, offset }),
    onFailed: (partition, n, why) => failed.push(`${partition}#${n}: ${why}`),
  })
  try {
    const works = async (what: string) => {
      const before = known.length
      const heard = () => new Set(known.slice(before).map(({ partition }) => partition)).size === partitions
      await waitFor(what, heard, 60_000)
    }
    await works('the client to work')
    for (const name of ['broker-1', 'broker-2', 'broker-3'] as const) {
      await platform.kill(name)
      await works(`all partitions to go on without ${name}`)
      await platform.restart(name)
      await waitFor('all replicas to be in sync', () => inSync(topic), 60_000)
    }
    await load.stop()
  } finally {
    if (load.isRunning) await load.kill()
  }
  expect(failed).toEqual([])
  const sent = [...load.sent.values()].reduce((sum, count) => sum + count, 0)
  expect(known.length).toBe(sent)
  expect(await storedIn(topic)).toEqual(known.map(text).sort())
}

const text = ({ partition, n, offset }: Known) => `${partition}@${offset}: ${n}`

async function inSync(topic: string): Promise<boolean> {
  const response = await fetch(`${platform.castle}/api/topics/${topic}`)
  const { partitions } = (await response.json()) as { partitions: { isr: number[]; replicas: number[] }[] }
  return partitions.every(({ isr, replicas }) => isr.length === replicas.length)
}

/** Every message of the topic, as text. */
async function storedIn(topic: string): Promise<string[]> {
  const admin = new Admin(client)
  const all: string[] = []
  for (let partition = 0; partition < partitions; partition++) {
    for (let offset = 0; ; ) {
      const read = await admin.read({ topic, partition, offset, messagesMax: 10_000 })
      for (const { text: value, offset } of read.messages) {
        all.push(text({ partition, offset, n: Number(value?.trim().split(' ')[1]) }))
      }
      offset = read.nextOffset
      if (offset >= read.highWatermark) break
    }
  }
  return all.sort()
}

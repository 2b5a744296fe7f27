// Real processes: a topic moves to other brokers while messages come (KIP-455), and Castle's data folder is emptied under it all (R14);
// no send fails.
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from '@castellan/sdk'
import { afterAll, beforeAll, test } from 'vitest'
import { startPlatform, type TestPlatform, waitFor } from '../processes/index.ts'

interface Topic {
  readonly topicId: string
  readonly partitions: { leader: number; replicas: number[]; isr: number[]; adding: number[] }[]
}

let platform: TestPlatform

beforeAll(async () => {
  platform = await startPlatform({ brokers: 3 })
})

afterAll(() => platform.stop())

async function ask(method: string, path: string, body?: unknown): Promise<unknown> {
  const headers = body === undefined ? {} : { 'content-type': 'application/json' }
  const payload = body === undefined ? {} : { body: JSON.stringify(body) }
  const answer = await fetch(`${platform.castle}/api${path}`, { method, headers, ...payload })
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

const topic = () => ask('GET', '/topics/orders') as Promise<Topic>

test('a topic moves while messages come, its store is emptied, and no send fails', async () => {
  const assigned = { name: 'orders', partitions: 2, replicationFactor: 2 }
  await ask('POST', '/topics', assigned)
  const before = await topic()
  const castellan = await connect({ castle: platform.castle, service: 'mover' })
  const producer = castellan.producer()
  let isSending = true
  let sent = 0
  const sending = (async () => {
    for (; isSending; sent += 1) await producer.send({ topic: 'orders', partition: sent % 2, value: String(sent) })
  })()
  const target = before.partitions.map(({ replicas }) => {
    return [[1, 2, 3].find((id) => !replicas.includes(id)) ?? 0, replicas[1] ?? 0]
  })
  await ask('POST', '/topics/orders/reassignment', {
    partitions: target.map((replicas, partition) => ({ partition, replicas })),
  })
  const isMoved = ({ partitions }: Topic) =>
    partitions.every(({ replicas, isr }, partition) => {
      return isr.length === 2 && JSON.stringify(replicas) === JSON.stringify(target[partition])
    })
  await waitFor('the topic to have moved', async () => isMoved(await topic()), 60_000)

  await platform.kill('castle')
  renameSync(join(platform.data, 'castle'), join(platform.data, 'castle-lost'))
  await platform.restart('castle')
  await waitFor(
    'the topic to be back',
    async () => {
      const now = await topic().catch(() => undefined)
      return now?.topicId === before.topicId && isMoved(now) && now.partitions.every(({ leader }) => leader !== -1)
    },
    60_000,
  )
  const already = sent
  await waitFor('messages to go on', () => sent > already + 20, 60_000)
  isSending = false
  await sending
  // Every one of them was acknowledged: none waits, and none failed.
  await castellan.close()
})

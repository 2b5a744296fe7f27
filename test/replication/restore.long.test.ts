// Real processes: Castle is killed and its folder goes back in time, to a copy that is older than topics, deletions, elections and
// group state, then to nothing at all. Nothing acknowledged is lost, nothing deleted comes back, and services go on (R14).
import { cpSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from '@castellan/sdk'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPlatform, type TestPlatform, waitFor } from '../processes/index.ts'

interface Topic {
  readonly topicId: string
  readonly doubt: unknown
  readonly partitions: { leader: number; leaderEpoch: number; replicas: number[]; isr: number[] }[]
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
  return answer.status === 204 ? undefined : answer.json()
}

const topic = (name: string) => ask('GET', `/topics/${name}`) as Promise<Topic>
const folder = (name = 'castle') => join(platform.data, name)

/** All replicas of its partitions are in sync, and nothing is in doubt. */
async function untilWell(name: string): Promise<Topic> {
  return waitFor(
    `${name} to be well`,
    async () => {
      const now = await topic(name).catch(() => undefined)
      const isWell = now?.partitions.every(({ leader, isr, replicas }) => leader > 0 && isr.length === replicas.length)
      return now !== undefined && isWell === true && now.doubt === null ? now : undefined
    },
    90_000,
  ) as Promise<Topic>
}

async function untilAll(wanted: ReadonlySet<string>, found: ReadonlySet<string>): Promise<void> {
  const missing = () => [...wanted].filter((one) => !found.has(one))
  await waitFor('all to be handled', () => missing().length === 0, 60_000).catch(() => expect(missing()).toEqual([]))
}

test('an old copy of its store, then an empty one: nothing acknowledged is lost, nobody fails, nothing deleted comes back', async () => {
  await ask('POST', '/topics', { name: 'early', partitions: 3 })
  await ask('POST', '/topics', { name: 'gone', partitions: 1 })
  const early = await untilWell('early')
  const castellan = await connect({ castle: platform.castle, service: 'restored' })
  const producer = castellan.producer()
  const acknowledged = new Set<string>()
  const handled = new Set<string>()
  const names = ['early']
  let isSending = true
  const consumer = castellan.consumer({ group: 'readers', topics: ['early', 'late'], start: 'earliest' })
  const consuming = consumer.run(async ({ topic: name, text }) => void handled.add(`${name} ${text}`))
  const sending = (async () => {
    for (let n = 0; isSending; n += 1) {
      const name = names[n % names.length]!
      await producer.send({ topic: name, key: `k-${n % 7}`, value: String(n) })
      acknowledged.add(`${name} ${n}`)
    }
  })()
  const goesOn = async () => {
    const [sentAlready, handledAlready] = [acknowledged.size, handled.size]
    await waitFor('messages to go on', () => acknowledged.size > sentAlready + 50, 60_000)
    await waitFor('messages to be handled', () => handled.size > handledAlready + 50, 60_000)
  }
  await goesOn()

  await platform.kill('castle')
  cpSync(folder(), folder('castle-old'), { recursive: true })
  await platform.restart('castle')
  await platform.untilUp()
  await ask('POST', '/topics', { name: 'late', partitions: 2 })
  const late = await untilWell('late')
  names.push('late')
  await ask('DELETE', '/topics/gone')
  await platform.kill('broker-1')
  await goesOn()
  await platform.restart('broker-1')
  await untilWell('early')

  for (const [to, from] of [
    ['castle-new', 'castle-old'],
    ['castle-restored', null],
  ] as const) {
    await platform.kill('castle')
    renameSync(folder(), folder(to))
    if (from !== null) renameSync(folder(from), folder())
    await platform.restart('castle')
    expect((await untilWell('early')).topicId).toBe(early.topicId)
    expect((await untilWell('late')).topicId).toBe(late.topicId)
    await expect(topic('gone')).rejects.toThrow('404')
    await goesOn()
  }

  isSending = false
  await sending
  await untilAll(acknowledged, handled)
  // A group that is new to a Castle that knew none of its topics' brokers a moment ago.
  const later = new Set<string>()
  const others = castellan.consumer({ group: 'others', topics: ['early', 'late'], start: 'earliest' })
  const reading = others.run(async ({ topic: name, text }) => void later.add(`${name} ${text}`))
  await untilAll(acknowledged, later)
  await castellan.close()
  await Promise.all([consuming, reading])
}, 240_000)

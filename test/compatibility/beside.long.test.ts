// The first release beside today's: its SDK on today's Castle and brokers, also while leaders change; its broker joining them.
import { join } from 'node:path'
import { silentLogger } from '@castellan/protocol/runtime'
import { connect } from '@castellan/sdk'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeTopic } from '../clients/topics.ts'
import { type MemberName, startPlatform, type TestPlatform, TestProcess, waitFor } from '../processes/index.ts'
import type { Sdk } from './record/fill.ts'
import { firstRelease, Release } from './release.ts'

let release: Release
let sdk: Sdk
let platform: TestPlatform
const ofOldBroker = 4

beforeAll(async () => {
  release = new Release(firstRelease)
  sdk = await release.sdk()
  platform = await startPlatform({ brokers: 3 })
})

afterAll(async () => {
  await platform?.stop()
  release?.remove()
})

interface TopicView {
  readonly partitions: readonly { partition: number; leader: number; isr: number[] }[]
}

test('its SDK produces and consumes, and loses nothing when a leader is killed', async () => {
  const topic = await makeTopic(platform.castle, { partitions: 3, replicationFactor: 3 })
  const services = await sdk.connect({ castle: platform.castle, service: 'old' })
  try {
    const got = new Map<string, number>()
    const consumer = services.consumer({ group: `${topic}-group`, topics: [topic] })
    const running = consumer.run(async ({ text }) => void got.set(text!, (got.get(text!) ?? 0) + 1))
    const producer = services.producer()
    const sent: string[] = []
    const sendSome = async (from: number) => {
      const values = Array.from({ length: 100 }, (_, at) => `m-${from + at}`)
      await Promise.all(values.map((value) => producer.send({ topic, key: value, value })))
      sent.push(...values)
    }
    await sendSome(0)
    const victim: MemberName = `broker-${(await viewOf(topic)).partitions[0]!.leader}`
    const sending = sendSome(100)
    await platform.kill(victim)
    await sending
    await sendSome(200)
    await platform.restart(victim)
    await sendSome(300)
    await waitFor('all to be consumed', () => got.size === sent.length, 30_000)
    expect(new Set(got.keys())).toEqual(new Set(sent))
    await consumer.close()
    await running
  } finally {
    await services.close()
  }
})

test('its broker joins, and serves partitions that have no other replica, to both SDKs', async () => {
  const file = release.broker()
  const words = ['--node.id', String(ofOldBroker), '--castle', platform.castle]
  const folder = ['--log.dir', join(release.folder, 'broker-data'), '--listen', '127.0.0.1:0']
  const broker = new TestProcess('the old broker', file, [...words, ...folder], { cwd: release.folder })
  const services = await connect({ castle: platform.castle, service: 'new', log: silentLogger })
  const oldServices = await sdk.connect({ castle: platform.castle, service: 'old' })
  try {
    await waitFor('the old broker to be up', async () => {
      const { items } = await get<{ items: { id: number; state: string }[] }>(`${platform.castle}/api/brokers`)
      return items.some(({ id, state }) => id === ofOldBroker && state === 'up')
    })
    const topic = await makeTopic(platform.castle, { partitions: 8 })
    const led = await waitFor('the old broker to lead', async () => {
      const { partitions } = await viewOf(topic)
      return partitions.find(({ leader }) => leader === ofOldBroker)?.partition
    })
    for (const [at, each] of [services, oldServices].entries()) {
      const sent = await each.producer().send({ topic, partition: led, value: `by ${at}` })
      expect(sent).toEqual({ partition: led, offset: at })
    }
    for (const each of [services, oldServices]) expect(await firstTwoOf(each, topic, led)).toEqual(['by 0', 'by 1'])
    // Where more replicas are asked for, those go to brokers that replicate.
    const replicated = await makeTopic(platform.castle, { partitions: 8, replicationFactor: 3 })
    for (const { isr } of (await viewOf(replicated)).partitions) expect(isr).not.toContain(ofOldBroker)
    const value = 'beside'
    expect(await services.producer().send({ topic: replicated, partition: 0, value })).toEqual({
      partition: 0,
      offset: 0,
    })
  } finally {
    await services.close()
    await oldServices.close()
    await broker.stop()
  }
})

type Castellan = Pick<Awaited<ReturnType<Sdk['connect']>>, 'consumer'>
let groups = 0

async function firstTwoOf(services: Castellan, topic: string, partition: number): Promise<(string | null)[]> {
  const values: (string | null)[] = []
  const consumer = services.consumer({ group: `first-two-${++groups}`, topics: [topic] })
  const running = consumer.run(async (message) => {
    if (message.partition === partition) values.push(message.text)
  })
  await waitFor('two messages', () => values.length >= 2)
  await consumer.close()
  await running
  return values
}

function viewOf(topic: string): Promise<TopicView> {
  return get<TopicView>(`${platform.castle}/api/topics/${topic}`)
}

async function get<T>(url: string): Promise<T> {
  return (await (await fetch(url)).json()) as T
}

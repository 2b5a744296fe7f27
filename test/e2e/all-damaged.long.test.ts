// Every log of a partition is damaged, of a topic of one replica and of one of three: nobody leads, until a person has seen what is lost, and has
// one of them go on with what is sound (R9). By the command line, on real processes.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { silentLogger } from '@castellan/protocol/runtime'
import { connect } from '@castellan/sdk'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readAll } from '../clients/read-all.ts'
import { makeTopic } from '../clients/topics.ts'
import {
  castellan,
  type MemberName,
  startPlatform,
  type TestPlatform,
  TestProcess,
  waitFor,
} from '../processes/index.ts'

interface Topic {
  readonly topicId: string
  readonly partitions: readonly {
    readonly leader: number
    readonly isr: readonly number[]
    readonly replicas: readonly number[]
  }[]
  readonly losses: readonly object[]
}

const sent = 200
let platform: TestPlatform

beforeAll(async () => {
  platform = await startPlatform({ brokers: 3 })
}, 90_000)

afterAll(() => platform.stop(), 60_000)

const brokers: readonly MemberName[] = ['broker-1', 'broker-2', 'broker-3']

async function topicOf(name: string): Promise<Topic> {
  return (await fetch(`${platform.castle}/api/topics/${name}`)).json() as Promise<Topic>
}

async function send(topic: string, prefix: string, count: number): Promise<void> {
  const client = await connect({ castle: platform.castle, service: 'damaged', log: silentLogger })
  const producer = client.producer()
  // One by one: each is a batch of its own.
  for (let number = 0; number < count; number++)
    await producer.send({ topic, partition: 0, value: `${prefix}${number}` })
  await client.close()
}

const valuesOf = async (topic: string) =>
  (await readAll(platform.bootstrap, topic)).map(({ value }) => Buffer.from(value ?? []).toString())

async function command(...words: string[]): Promise<string> {
  const process = new TestProcess('command', castellan, [...words, '--castle', platform.castle])
  await process.ended
  return process.stdout + process.stderr
}

/** Flips a bit at this part of the way through the log of the topic that stands there. */
function damage(broker: MemberName, { topicId }: Topic, part: number): void {
  const folder = join(platform.data, broker, 'logs', topicId, '0')
  const name = readdirSync(folder).find((one) => one.endsWith('.log')) ?? ''
  const bytes = readFileSync(join(folder, name))
  const at = Math.floor(bytes.length * part)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(join(folder, name), bytes)
}

test('the longest sound part leads once a person has said so, and the others are made anew from it', async () => {
  const single = await makeTopic(platform.castle, { partitions: 1, replicationFactor: 1 })
  const triple = await makeTopic(platform.castle, { partitions: 1, replicationFactor: 3 })
  for (const topic of [single, triple]) await send(topic, 'old-', sent)
  const [one, three] = [await topicOf(single), await topicOf(triple)]
  for (const broker of brokers) await platform.kill(broker)
  const home = `broker-${one.partitions[0]?.replicas[0] ?? 0}` as MemberName
  damage(home, one, 0.5)
  for (const [index, broker] of brokers.entries()) damage(broker, three, [0.3, 0.8, 0.6][index] ?? 0)
  await Promise.all(brokers.map((broker) => platform.restart(broker)))
  await platform.untilUp()

  for (const topic of [single, triple]) {
    await waitFor('nobody to lead', async () => (await topicOf(topic)).partitions[0]?.leader === -1)
    const plan = await waitFor('what is sound to be known', async () => {
      const text = await command('topic', 'elect', topic, '--type', 'unclean', '--dry-run')
      return text.includes('its damaged log cut at') ? text : undefined
    })
    expect(plan).toMatch(/at most \d+/)
    expect((await topicOf(topic)).losses).toEqual([])
    expect(await command('topic', 'elect', topic, '--type', 'unclean', '--yes')).toContain('1 leader elected')
    await waitFor('one to lead', async () => (await topicOf(topic)).partitions[0]?.leader !== -1)
  }
  const { partitions, losses } = await topicOf(triple)
  expect(partitions[0]?.leader).toBe(2)
  expect(losses).toMatchObject([{ to: 2, messagesMax: expect.any(Number) }])
  await waitFor('the others to be in sync', async () => (await topicOf(triple)).partitions[0]?.isr.length === 3)

  for (const [topic, part] of [
    [single, 0.5],
    [triple, 0.8],
  ] as const) {
    await send(topic, 'new-', 10)
    const values = await valuesOf(topic)
    const kept = values.length - 10
    expect(Math.abs(kept - sent * part)).toBeLessThan(5)
    expect(values).toEqual([
      ...Array.from({ length: kept }, (_, number) => `old-${number}`),
      ...Array.from({ length: 10 }, (_, number) => `new-${number}`),
    ])
    expect((await topicOf(topic)).losses).toMatchObject([{ messagesMax: sent - kept }])
  }
  const kept = brokers.flatMap((broker) => readdirSync(join(platform.data, broker, 'logs')))
  expect(kept.filter((name) => name.startsWith('damaged-')).length).toBe(4)
}, 180_000)

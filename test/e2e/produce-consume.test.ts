// From service to service through real processes: the SDK, Castle and brokers, while parts of them are changed, killed and
// started again. What the log holds is read by the plain client, which knows nothing of Castle.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { silentLogger } from '@castellan/protocol/runtime'
import { type Castellan, connect, type Message, type Sent } from '@castellan/sdk'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { readAll } from '../clients/read-all.ts'
import { makeTopic } from '../clients/topics.ts'
import {
  complaints,
  freePorts,
  root,
  startPlatform,
  type TestPlatform,
  TestProcess,
  waitFor,
} from '../processes/index.ts'

let platform: TestPlatform
const opened: Castellan[] = []

beforeAll(async () => {
  // Short sessions, so that what outlasts one need not take long.
  const session = ['--group.consumer.session.timeout.ms', '3000', '--group.consumer.heartbeat.interval.ms', '1000']
  platform = await startPlatform({ brokers: 2, brokerArgs: session })
})

afterEach(async () => {
  await Promise.all(opened.splice(0).map((castellan) => castellan.close()))
})

afterAll(async () => {
  await platform.stop()
})

async function open(): Promise<Castellan> {
  const castellan = await connect({ castle: platform.castle, service: 'test', log: silentLogger })
  opened.push(castellan)
  return castellan
}

async function patchTopic(name: string, change: object): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${platform.castle}/api/topics/${name}`, {
    method: 'PATCH',
    headers,
    body: JSON.stringify(change),
  })
  expect(response.status).toBe(200)
}

/** Collects what a group of one reads. */
async function collect(topic: string, group: string): Promise<{ messages: Message[]; castellan: Castellan }> {
  const castellan = await open()
  const messages: Message[] = []
  const consumer = castellan.consumer({ group, topics: [topic] })
  void consumer.run((message) => void messages.push(message))
  await consumer.ready
  return { messages, castellan }
}

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, n) => from + n)

test('messages come in order of their key, at the offset that the producer was told', async () => {
  const topic = await makeTopic(platform.castle, { partitions: 4 })
  const producer = (await open()).producer()
  const { messages } = await collect(topic, 'reader')
  const sent = await Promise.all(
    numbers(5_000).map((n) => producer.send({ topic, key: `k${n % 37}`, value: String(n), headers: { n: String(n) } })),
  )
  await waitFor('all messages', () => messages.length === 5_000)
  const last = new Map<string, number>()
  for (const message of messages) {
    const n = Number(message.text)
    expect(last.get(message.keyText!) ?? -1).toBeLessThan(n)
    last.set(message.keyText!, n)
    expect({ partition: message.partition, offset: message.offset }).toEqual(sent[n])
    expect(message.header('n')).toBe(message.text)
  }
})

test('a changed Ack level reaches a running producer', async () => {
  const topic = await makeTopic(platform.castle, { ackLevel: 0 })
  const producer = (await open()).producer()
  await waitFor('Ack 0', async () => (await producer.send({ topic, value: 'v' })).offset === -1)
  await patchTopic(topic, { ackLevel: -1 })
  await waitFor('Ack -1', async () => (await producer.send({ topic, value: 'v' })).offset >= 0)
})

test('a broker killed with -9 and started again: nothing is lost, doubled or out of order, and no send fails', async () => {
  const topic = await makeTopic(platform.castle, { partitions: 4 })
  const producer = (await open()).producer()
  const { messages } = await collect(topic, 'through-the-kill')
  const sending: Promise<Sent>[] = []
  let n = 0
  const sendSome = async (count: number) => {
    for (const end = n + count; n < end; n++) {
      sending.push(producer.send({ topic, key: `k${n % 20}`, value: String(n) }))
      if (n % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  }
  await sendSome(2_000)
  const killing = platform.kill('broker-1')
  await sendSome(2_000)
  await killing
  await sendSome(1_000)
  await platform.restart('broker-1')
  await sendSome(1_000)
  const sent = await Promise.all(sending)
  await waitFor('all messages', () => new Set(messages.map(({ text }) => text)).size === n, 30_000)
  const log = await readAll(platform.bootstrap, topic)
  expect(log.length).toBe(n)
  const last = new Map<string, number>()
  for (const message of log) {
    const number = Number(message.text)
    expect(last.get(message.keyText!) ?? -1).toBeLessThan(number)
    last.set(message.keyText!, number)
    expect({ partition: message.partition, offset: message.offset }).toEqual(sent[number])
  }
})

test('Castle killed: services go on, and a member that comes and goes is served by the coordinator', async () => {
  const topic = await makeTopic(platform.castle, { partitions: 4 })
  const producer = (await open()).producer()
  const { messages } = await collect(topic, 'without-castle')
  await producer.send({ topic, value: 'before' })
  await platform.kill('castle')
  try {
    await Promise.all(numbers(500).map((n) => producer.send({ topic, value: String(n) })))
    await waitFor('all messages', () => messages.length === 501)
  } finally {
    await platform.restart('castle')
    await platform.untilUp()
  }
  await producer.send({ topic, value: 'after' })
  await waitFor('the last message', () => messages.length === 502)
})

test('a handler that takes long keeps its partition, and one that fails is tried again in place', async () => {
  const topic = await makeTopic(platform.castle, { partitions: 1 })
  const castellan = await open()
  const producer = castellan.producer()
  await Promise.all(['a', 'slow', 'bad', 'z'].map((value) => producer.send({ topic, value })))
  const told: string[] = []
  const handled: string[] = []
  const attempts: number[] = []
  const consumer = castellan.consumer({
    group: 'slow',
    topics: [topic],
    retry: { maxAttempts: 3, initialIntervalMs: 10, maxIntervalMs: 20 },
  })
  consumer.on('stuck', ({ offset, error }) => told.push(`${offset} stuck: ${error}`))
  consumer.on('going-on', ({ offset }) => told.push(`${offset} going on`))
  void consumer.run(async (message, { attempt, signal }) => {
    // Longer than a session.
    if (message.text === 'slow') await new Promise((resolve) => setTimeout(resolve, 4_000))
    if (message.text === 'bad') {
      attempts.push(attempt)
      if (attempt <= 5) throw new Error('not yet')
    }
    expect(signal.aborted).toBe(false)
    handled.push(message.text!)
  })
  await waitFor('all to be handled', () => handled.length === 4, 30_000)
  expect(handled).toEqual(['a', 'slow', 'bad', 'z'])
  expect(attempts).toEqual([1, 2, 3, 4, 5, 6])
  expect(told).toEqual(['2 stuck: not yet', '2 going on'])
})

test('a group of two shares partitions; the one that stays goes on where the other stopped', async () => {
  const topic = await makeTopic(platform.castle, { partitions: 4 })
  const [first, second] = [await open(), await open()]
  const producer = first.producer()
  const read: { by: number; n: number }[] = []
  const [one, two] = [first, second].map((castellan, by) => {
    const consumer = castellan.consumer({ group: 'two', topics: [topic] })
    void consumer.run((message) => void read.push({ by, n: Number(message.text) }))
    return consumer
  })
  await waitFor('two partitions each', () => one!.assignment.length === 2 && two!.assignment.length === 2)
  await Promise.all(numbers(400).map((n) => producer.send({ topic, partition: n % 4, value: String(n) })))
  await waitFor('all to be read', () => read.length === 400)
  expect(new Set(read.map(({ by }) => by)).size).toBe(2)
  await second.close()
  await waitFor('one to hold all', () => one!.assignment.length === 4)
  await Promise.all(numbers(400, 400).map((n) => producer.send({ topic, partition: n % 4, value: String(n) })))
  await waitFor('all to be read', () => read.length === 800)
  expect(read.map(({ n }) => n).sort((a, b) => a - b)).toEqual(numbers(800))
})

test('a service may start before its platform, and says that it waits', async () => {
  const [port] = await freePorts(1)
  const said: string[] = []
  const log = { ...silentLogger, warn: (_: object, message: string) => void said.push(message), child: () => log }
  const giveUp = new AbortController()
  const connecting = connect({ castle: `http://127.0.0.1:${port}`, service: 'early', log, signal: giveUp.signal })
  await waitFor('a word', () => said.includes('waiting for Castle'))
  giveUp.abort(new Error('enough'))
  await expect(connecting).rejects.toThrow('enough')
  const short = { castle: `http://127.0.0.1:${port}`, service: 'early', log, connectTimeoutMs: 50 }
  await expect(connect(short)).rejects.toMatchObject({ code: 'CASTLE_UNREACHABLE', retriable: true })
  // One of several addresses is enough.
  const castellan = await connect({ castle: [`http://127.0.0.1:${port}`, platform.castle], service: 'early', log })
  await castellan.close()
})

test('wrong options are named', async () => {
  await expect(connect({ castle: 'nowhere', service: 'test' })).rejects.toMatchObject({ code: 'OPTION_WRONG' })
  const castellan = await open()
  expect(() => castellan.producer({ linger: 5 } as object)).toThrow("there is no option 'linger'")
  expect(() => castellan.producer({ batchBytes: -1 })).toThrow("'batchBytes' must be an integer from 1")
  expect(() => castellan.consumer({ group: 'g', topics: [] })).toThrow("'topics' must be a list of texts")
  expect(() => castellan.consumer({ group: 'g', topics: ['t'], retry: { maxAttempt: 1 } as object })).toThrow(
    'maxAttempt',
  )
})

test('the example of the README runs, and nothing keeps its process alive after close', async () => {
  const code = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, 'sdk', 'README.md'), 'utf8'))?.[1] ?? ''
  await makeTopic(platform.castle, { name: 'payments' })
  const folder = mkdtempSync(join(root, 'sdk', '.readme-')) // where the SDK and zod are found
  try {
    const file = join(folder, 'example.ts')
    writeFileSync(file, code.replace('http://127.0.0.1:8600', platform.castle))
    const example = new TestProcess('example', file, [])
    const ended = await example.ended
    expect({ ...ended, stderr: complaints(example.stderr) }).toEqual({ code: 0, signal: null, stderr: '' })
    expect(example.stdout).toContain('paid o-42')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

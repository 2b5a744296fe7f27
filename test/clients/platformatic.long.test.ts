// @platformatic/kafka: a client that somebody else wrote, in a KIP-848 group: join, share, commit, leave, come back.
import {
  Consumer,
  type Message,
  type MessagesStream,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startPlatform, type TestPlatform, waitFor } from '../processes/index.ts'
import { makeTopic } from './topics.ts'

type Stream = MessagesStream<string, string, string, string>
type Received = Message<string, string, string, string>

let platform: TestPlatform
let bootstrapBrokers: string[]
const closings: (() => Promise<void>)[] = []

beforeAll(async () => {
  platform = await startPlatform()
  bootstrapBrokers = platform.bootstrap.split(',')
})
afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close()
})
afterAll(async () => {
  await platform?.stop()
})

async function produce(topic: string, values: readonly string[]): Promise<void> {
  const producer = new Producer({ clientId: 'producer', bootstrapBrokers, serializers: stringSerializers })
  await producer.send({ messages: values.map((value, i) => ({ topic, key: `k${i % 20}`, value })) })
  await producer.close()
}

/** One member of a group, and what it was given. */
class Member {
  readonly received: Received[] = []
  readonly consumer: Consumer<string, string, string, string>
  #stream: Stream | undefined
  #isClosed = false

  private constructor(groupId: string) {
    this.consumer = new Consumer({
      clientId: 'member',
      bootstrapBrokers,
      groupId,
      groupProtocol: 'consumer',
      deserializers: stringDeserializers,
      maxWaitTime: 100,
    })
  }

  static async join(groupId: string, topic: string): Promise<Member> {
    const member = new Member(groupId)
    closings.push(() => member.close())
    const stream = await member.consumer.consume({
      topics: [topic],
      mode: 'committed',
      fallbackMode: 'earliest',
      autocommit: false,
    })
    member.#stream = stream
    stream.on('data', (message: Received) => member.received.push(message))
    return member
  }

  get values(): string[] {
    return this.received.map(({ value }) => value)
  }

  get partitions(): number[] {
    return [...new Set(this.received.map(({ partition }) => partition))].sort()
  }

  /** Commits everything that it was given so far. */
  async commit(): Promise<void> {
    const next = new Map<string, { topic: string; partition: number; offset: bigint; leaderEpoch: number }>()
    for (const { topic, partition, offset } of this.received) {
      next.set(`${topic}/${partition}`, { topic, partition, offset: offset + 1n, leaderEpoch: -1 })
    }
    await this.consumer.commit({ offsets: [...next.values()] })
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#stream?.close()
    await this.consumer.close(true)
  }
}

const values = (from: number, count: number) => Array.from({ length: count }, (_, i) => `v${from + i}`)

test('one member gets everything, in order by key', async () => {
  const topic = await makeTopic(platform.castle)
  await produce(topic, values(0, 200))
  const member = await Member.join('alone', topic)
  await waitFor('200 messages', () => member.received.length >= 200)
  expect([...member.values].sort()).toEqual(values(0, 200).sort())
  for (let k = 0; k < 20; k++) {
    const ofKey = member.received.filter(({ key }) => key === `k${k}`).map(({ value }) => value)
    expect(ofKey).toEqual(values(0, 200).filter((_, i) => i % 20 === k))
  }
})

test('a member that comes back goes on where it committed', async () => {
  const topic = await makeTopic(platform.castle)
  await produce(topic, values(0, 100))
  const first = await Member.join('returning', topic)
  await waitFor('100 messages', () => first.received.length >= 100)
  await first.commit()
  await first.close()
  await produce(topic, values(100, 50))
  const second = await Member.join('returning', topic)
  await waitFor('50 messages', () => second.received.length >= 50)
  expect([...second.values].sort()).toEqual(values(100, 50).sort())
})

test('two members share the partitions, each has its own, and one takes over when the other leaves', async () => {
  const topic = await makeTopic(platform.castle, { partitions: 4 })
  const a = await Member.join('sharing', topic)
  const b = await Member.join('sharing', topic)
  let sent = 0
  await waitFor('both to be given messages', async () => {
    await produce(topic, values(sent, 40))
    sent += 40
    return a.received.length > 0 && b.received.length > 0
  })
  await waitFor('all messages', () => new Set([...a.values, ...b.values]).size === sent)
  await waitFor('a part for each', async () => {
    const before = [a.received.length, b.received.length] as const
    await produce(topic, values(sent, 40))
    sent += 40
    await waitFor('all messages', () => new Set([...a.values, ...b.values]).size === sent)
    const since = (member: Member, count: number) =>
      new Set(member.received.slice(count).map(({ partition }) => partition))
    const [ofA, ofB] = [since(a, before[0]), since(b, before[1])]
    return ofA.size === 2 && ofB.size === 2 && ofA.isDisjointFrom(ofB)
  })
  await a.commit()
  await b.commit()
  await b.close()
  const before = a.received.length
  await produce(topic, values(sent, 40))
  // This client goes back to the committed offset with each change of its assignment: it may see a message twice.
  const since = () => new Set(a.values.slice(before))
  await waitFor('the one that is left to get all', () => since().size === 40)
  expect([...since()].sort()).toEqual(values(sent, 40).sort())
  expect(new Set(a.received.slice(before).map(({ partition }) => partition))).toEqual(new Set([0, 1, 2, 3]))
})

test('offsets that were committed are listed', async () => {
  const topic = await makeTopic(platform.castle, { partitions: 1 })
  await produce(topic, values(0, 10))
  const member = await Member.join('listed', topic)
  await waitFor('10 messages', () => member.received.length >= 10)
  await member.commit()
  const commits = await member.consumer.listCommittedOffsets({ topics: [{ topic, partitions: [0] }] })
  expect(commits.get(topic)).toEqual([10n])
})

test('commits and members outlive kill -9 of every broker', async () => {
  const topic = await makeTopic(platform.castle)
  await produce(topic, values(0, 60))
  const member = await Member.join('outliving', topic)
  await waitFor('60 messages', () => member.received.length >= 60)
  await member.commit()
  const { memberId } = member.consumer
  const brokers = ['broker-1', 'broker-2', 'broker-3'] as const
  await Promise.all(brokers.map((name) => platform.kill(name)))
  await Promise.all(brokers.map((name) => platform.restart(name)))
  await platform.untilUp()
  await produce(topic, values(60, 60))
  await waitFor('120 messages', () => new Set(member.values).size === 120, 30_000)
  expect(member.consumer.memberId).toBe(memberId)
  const commits = await member.consumer.listCommittedOffsets({ topics: [{ topic, partitions: [0, 1, 2] }] })
  expect((commits.get(topic) ?? []).reduce((sum, offset) => sum + offset, 0n)).toBe(60n)
})

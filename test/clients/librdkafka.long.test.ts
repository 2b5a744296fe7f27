// librdkafka, which most clients of other languages are made of, in a KIP-848 group: two members share, one of them is
// static (KIP-345); neither notices when coordinators die, and the static one finds its partitions after a restart.
import { Producer, stringSerializers } from '@platformatic/kafka'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startPlatform, type TestPlatform, waitFor } from '../processes/index.ts'
import { pythonMissing, RdkafkaMember } from './librdkafka/index.ts'
import { makeTopic } from './topics.ts'

let platform: TestPlatform
const members: RdkafkaMember[] = []

beforeAll(async () => {
  if (pythonMissing() === undefined) platform = await startPlatform()
})
afterEach(async () => {
  for (const member of members.splice(0)) await member.stop('SIGKILL')
})
afterAll(async () => {
  await platform?.stop()
})

function join(group: string, topic: string, instance?: string): RdkafkaMember {
  const member = new RdkafkaMember(platform.bootstrap, group, topic, instance)
  members.push(member)
  return member
}

async function produce(topic: string, count: number): Promise<void> {
  const bootstrapBrokers = platform.bootstrap.split(',')
  const producer = new Producer({ clientId: 'producer', bootstrapBrokers, serializers: stringSerializers })
  await producer.send({ messages: Array.from({ length: count }, (_, i) => ({ topic, key: `k${i}`, value: `v${i}` })) })
  await producer.close()
}

test.skipIf(pythonMissing() !== undefined)('two members of librdkafka', { timeout: 180_000 }, async () => {
  const topic = await makeTopic(platform.castle, { partitions: 4 })
  await produce(topic, 400)
  const a = join('rd', topic)
  await waitFor('a to have all partitions', () => a.assigned.length === 4, 30_000)
  const b = join('rd', topic, 'b')
  const all = () => members.flatMap(({ processed }) => processed)
  await waitFor('both to have two partitions', () => a.assigned.length === 2 && b.assigned.length === 2, 30_000)
  expect([...a.assigned, ...b.assigned].sort()).toEqual([0, 1, 2, 3])
  await produce(topic, 100)
  await waitFor('all 500 messages', () => new Set(all()).size === 500, 30_000)

  const changes = () => [a, b].map((member) => member.of('assigned', 'revoked', 'lost').length)
  const before = changes()
  for (const name of ['broker-1', 'broker-2', 'broker-3'] as const) {
    await platform.kill(name)
    await platform.restart(name)
    await platform.untilUp()
  }
  await produce(topic, 100)
  await waitFor('all 600 messages', () => new Set(all()).size === 600, 60_000)
  expect(changes()).toEqual(before)

  const [ofA, ofB] = [a.assigned, b.assigned]
  await b.stop()
  const again = join('rd', topic, 'b')
  await waitFor('the static member to be back', () => again.assigned.length === 2, 30_000)
  expect([a.assigned, again.assigned]).toEqual([ofA, ofB])
  await produce(topic, 100)
  await waitFor('all 700 messages', () => new Set(all()).size === 700, 30_000)
  // It went on where it had committed.
  expect(all().length).toBe(700)

  await again.stop('SIGKILL')
  await waitFor('a to have all', () => a.assigned.length === 4, 30_000)
  expect(members.flatMap((member) => member.of('error'))).toEqual([])
})

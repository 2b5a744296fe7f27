// Apache Kafka's own consumer in a KIP-848 group: share, go on through the death of a coordinator, take over from the dead.
import { Producer, stringSerializers } from '@platformatic/kafka'
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { needing, startPlatform, type TestPlatform, waitFor } from '../processes/index.ts'
import { JavaProcess, javaMissing } from './apache-kafka/index.ts'
import { makeTopic } from './topics.ts'

interface Event {
  readonly name: string
  readonly partitions?: readonly { partition: number; count?: number; minOffset?: number; maxOffset?: number }[]
  readonly offsets?: readonly { partition: number; offset: number }[]
  readonly success?: boolean
  readonly error?: string
}

let platform: TestPlatform
const members: JavaMember[] = []

beforeAll(async () => {
  if (javaMissing() === undefined) platform = await startPlatform()
})
afterEach(async () => {
  for (const member of members.splice(0)) await member.kill()
})
afterAll(async () => {
  await platform?.stop()
})

/** Kafka's VerifiableConsumer, which tells all that happens to it, a JSON text a line. */
class JavaMember {
  readonly #process: JavaProcess

  constructor(group: string, topic: string) {
    const words = ['--bootstrap-server', platform.bootstrap, '--topic', topic, '--group-id', group]
    const protocol = ['--group-protocol', 'consumer', '--reset-policy', 'earliest']
    this.#process = new JavaProcess('org.apache.kafka.tools.VerifiableConsumer', [...words, ...protocol], {
      jvm: ['-Xmx128m'],
    })
    members.push(this)
  }

  get events(): Event[] {
    const lines = this.#process.output.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'))
    return lines.map((line) => JSON.parse(line) as Event)
  }

  of(name: string): Event[] {
    return this.events.filter((event) => event.name === name)
  }

  /** What it may process now, by its own words. */
  get assigned(): number[] {
    const now = new Set<number>()
    for (const { name, partitions = [] } of this.events) {
      for (const { partition } of partitions) {
        if (name === 'partitions_assigned') now.add(partition)
        if (name === 'partitions_revoked') now.delete(partition)
      }
    }
    return [...now].sort()
  }

  /** `partition/offset` of everything that it processed. */
  get processed(): string[] {
    return this.of('records_consumed').flatMap(({ partitions = [] }) =>
      partitions.flatMap(({ partition, minOffset = 0, maxOffset = -1 }) =>
        Array.from({ length: maxOffset - minOffset + 1 }, (_, index) => `${partition}/${minOffset + index}`),
      ),
    )
  }

  get output(): string {
    return this.#process.output
  }

  async kill(): Promise<void> {
    if (this.#process.isRunning) await this.#process.kill()
  }
}

async function produce(topic: string, count: number): Promise<void> {
  const bootstrapBrokers = platform.bootstrap.split(',')
  const producer = new Producer({ clientId: 'producer', bootstrapBrokers, serializers: stringSerializers })
  await producer.send({ messages: Array.from({ length: count }, (_, i) => ({ topic, key: `k${i}`, value: `v${i}` })) })
  await producer.close()
}

describe('two Java consumers', () => {
  needing('Java', 'Maven')(
    'share partitions, keep them through the death of their coordinator, and take over from the dead',
    { timeout: 180_000 },
    async () => {
      const topic = await makeTopic(platform.castle, { partitions: 4 })
      await produce(topic, 400)
      const [a, b] = [new JavaMember('java', topic), new JavaMember('java', topic)]
      const both = () => [...a.processed, ...b.processed]
      await waitFor('both to have two partitions', () => a.assigned.length === 2 && b.assigned.length === 2, 60_000)
      expect([...a.assigned, ...b.assigned].sort()).toEqual([0, 1, 2, 3])
      await produce(topic, 100)
      await waitFor('all 500 messages', () => new Set(both()).size === 500, 30_000)

      const described = ['--describe', '--group', 'java', '--members', '--verbose']
      const command = 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand'
      const at = ['--bootstrap-server', platform.bootstrap]
      const told = await new JavaProcess(command, [...at, ...described], { jvm: ['-Xmx128m'] }).done()
      // Each has what it is to have.
      const members = [...told.matchAll(new RegExp(`^java .* ${topic}:([\\d,]+) +\\d+ +${topic}:([\\d,]+)`, 'gm'))]
      expect(members.map(([, has]) => has).sort()).toEqual([a, b].map(({ assigned }) => assigned.join(',')).sort())
      expect(members.every(([, has, target]) => has === target)).toBe(true)

      // The coordinator is one of the three; each dies and comes back, one after another.
      const assignments = [a.of('partitions_assigned').length, b.of('partitions_assigned').length]
      for (const name of ['broker-1', 'broker-2', 'broker-3'] as const) {
        await platform.kill(name)
        await platform.restart(name)
        await platform.untilUp()
      }
      await produce(topic, 100)
      await waitFor('all 600 messages', () => new Set(both()).size === 600, 60_000)
      expect([a.of('partitions_assigned').length, b.of('partitions_assigned').length]).toEqual(assignments)
      expect([...a.of('offsets_committed'), ...b.of('offsets_committed')].at(-1)).toMatchObject({ success: true })

      await a.kill()
      await waitFor('b to have all', () => b.assigned.length === 4, 60_000)
      await produce(topic, 100)
      await waitFor('all 700 messages', () => new Set(both()).size === 700, 30_000)
      // Nothing was processed twice, but for what the dead one had not committed.
      expect(both().length).toBeLessThan(800)
    },
  )
})

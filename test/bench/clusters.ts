// What is broken and measured in the same way: our platform, and three brokers of Apache Kafka.
import { Kafka, logLevel } from 'kafkajs'
import { ApacheKafkaCluster } from '../clients/apache-kafka/index.ts'
import { makeTopic } from '../clients/topics.ts'
import { Machines, machinesMissing, startPlatform, type TestPlatform, waitFor } from '../processes/index.ts'

export interface PartitionState {
  readonly partition: number
  /** -1: nobody. */
  readonly leader: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
}

export interface TopicShape {
  readonly name: string
  readonly partitions: number
  readonly replicationFactor: number
  readonly ackLevel: -1 | 1
}

export const brokerIds = [1, 2, 3]

export interface BenchCluster {
  readonly name: string
  /** Empty where there is none. */
  readonly castle: string
  readonly bootstrap: string
  pid(broker: number): number
  makeTopic(shape: TopicShape): Promise<void>
  partitions(topic: string): Promise<PartitionState[]>
  kill(broker: number): Promise<void>
  /** After a kill; resolves when it answers. */
  restart(broker: number): Promise<void>
  signal(broker: number, signal: NodeJS.Signals): void
  /** Cuts a broker off from everyone, where the cluster has machines. */
  isolate(broker: number): void
  heal(): void
  stop(): Promise<void>
}

/** With `cuts` each process runs on a machine of its own; throws where that cannot be. */
export async function startCastellan(options: { readonly cuts?: boolean } = {}): Promise<BenchCluster> {
  const names = ['castle', ...brokerIds.map((id) => `broker-${id}`)]
  if (options.cuts && machinesMissing() !== undefined) throw new Error(machinesMissing())
  const machines = options.cuts ? await Machines.start(names) : undefined
  try {
    return new Castellan(await startPlatform({ brokers: brokerIds.length, ...(machines && { machines }) }), machines)
  } catch (error) {
    machines?.stop()
    throw error
  }
}

export async function startKafka(heapMiB = 1024): Promise<BenchCluster> {
  return new OfKafka(await ApacheKafkaCluster.start(heapMiB))
}

class Castellan implements BenchCluster {
  readonly name = 'Castellan'
  readonly castle: string
  readonly bootstrap: string
  readonly #platform: TestPlatform
  readonly #machines: Machines | undefined

  constructor(platform: TestPlatform, machines: Machines | undefined) {
    this.#platform = platform
    this.#machines = machines
    this.castle = platform.castle
    this.bootstrap = platform.bootstrap
  }

  pid(broker: number): number {
    return this.#platform.process(`broker-${broker}`).pid
  }

  async makeTopic(shape: TopicShape): Promise<void> {
    await makeTopic(this.castle, shape)
  }

  async partitions(topic: string): Promise<PartitionState[]> {
    const response = await fetch(`${this.castle}/api/topics/${topic}`)
    if (!response.ok) throw new Error(`GET /api/topics/${topic} answered ${response.status}`)
    return ((await response.json()) as { partitions: PartitionState[] }).partitions
  }

  kill(broker: number): Promise<void> {
    return this.#platform.kill(`broker-${broker}`)
  }

  restart(broker: number): Promise<void> {
    return this.#platform.restart(`broker-${broker}`)
  }

  signal(broker: number, signal: NodeJS.Signals): void {
    this.#platform.process(`broker-${broker}`).signal(signal)
  }

  isolate(broker: number): void {
    if (this.#machines === undefined) throw new Error('started without machines')
    this.#machines.isolate(`broker-${broker}`)
  }

  heal(): void {
    this.#machines?.healAll()
  }

  async stop(): Promise<void> {
    try {
      await this.#platform.stop()
    } finally {
      this.#machines?.stop()
    }
  }
}

class OfKafka implements BenchCluster {
  readonly name = 'Apache Kafka'
  readonly castle = ''
  readonly bootstrap: string
  readonly #kafka: ApacheKafkaCluster

  constructor(kafka: ApacheKafkaCluster) {
    this.#kafka = kafka
    this.bootstrap = kafka.bootstrap
  }

  pid(broker: number): number {
    return this.#kafka.pid(broker)
  }

  async makeTopic({ name, partitions, replicationFactor }: TopicShape): Promise<void> {
    const topic = { topic: name, numPartitions: partitions, replicationFactor }
    await this.#admin((admin) => admin.createTopics({ topics: [topic], waitForLeaders: false }))
    await waitFor(
      'Apache Kafka to know its own topic',
      async () => {
        const known = await this.partitions(name)
        return known.length === partitions && known.every(({ leader }) => leader >= 0)
      },
      60_000,
    )
  }

  async partitions(topic: string): Promise<PartitionState[]> {
    const { topics } = await this.#admin((admin) => admin.fetchTopicMetadata({ topics: [topic] }))
    const partitions = topics[0]?.partitions ?? []
    return partitions.map(({ partitionId: partition, leader, replicas, isr }) => ({ partition, leader, replicas, isr }))
  }

  kill(broker: number): Promise<void> {
    return this.#kafka.kill(broker)
  }

  restart(broker: number): Promise<void> {
    return this.#kafka.restart(broker)
  }

  signal(broker: number, signal: NodeJS.Signals): void {
    this.#kafka.signal(broker, signal)
  }

  isolate(): void {
    throw new Error('Apache Kafka is not put on machines here')
  }

  heal(): void {}

  stop(): Promise<void> {
    return this.#kafka.stop()
  }

  async #admin<T>(work: (admin: ReturnType<Kafka['admin']>) => Promise<T>): Promise<T> {
    const retry = { retries: 8, initialRetryTime: 200 }
    const admin = new Kafka({ brokers: this.bootstrap.split(','), logLevel: logLevel.NOTHING, retry }).admin()
    await admin.connect()
    try {
      return await work(admin)
    } finally {
      await admin.disconnect()
    }
  }
}

// Castle and some brokers on simulated machines, and a client that produces: small enough to say in a test what happens when.
import type { Broker } from '@castellan/broker'
import type { Castle } from '@castellan/castle/castle'
import { coreConfig } from '@castellan/castle/config'
import { MemoryDisk } from '@castellan/castle/store'
import { produce, SlabPool } from '@castellan/protocol'
import { KafkaConnection } from '@castellan/protocol/client'
import { buildBatch, type RecordInput } from '@castellan/protocol/records'
import { type Logger, silentLogger } from '@castellan/protocol/runtime'
import { type HowItEnds, Machine, Scheduler, SimNetwork, startBroker, startCastle } from '@castellan/testing/simulator'

export interface ReplicasOptions {
  readonly seed?: number
  readonly brokers?: number
  readonly settings?: Readonly<Record<string, string>>
  readonly log?: (name: string) => Logger
}

export class Replicas {
  readonly scheduler: Scheduler
  readonly network: SimNetwork
  readonly #machines = new Map<string, Machine>()
  readonly #brokers = new Map<number, Broker>()
  readonly #options: ReplicasOptions
  readonly #castleDisk = new MemoryDisk()
  readonly #connections = new Map<number, KafkaConnection>()
  readonly #slabs = new SlabPool({ slabBytes: 65_536, keepBytesMax: 1_000_000, poison: true })
  castle: Castle | null = null

  private constructor(options: ReplicasOptions) {
    this.#options = options
    this.scheduler = new Scheduler(options.seed ?? 1, { trace: false })
    this.network = new SimNetwork(this.scheduler)
    const { brokers = 3 } = options
    const ids = Array.from({ length: brokers }, (_, n) => n + 1)
    for (const name of ['castle', 'client', ...ids.map(nameOf)])
      this.#machines.set(name, new Machine(name, this.scheduler, this.network))
    this.machine('client').boot()
  }

  static async start(options: ReplicasOptions = {}): Promise<Replicas> {
    const replicas = new Replicas(options)
    void replicas.startCastle()
    for (let id = 1; id <= (options.brokers ?? 3); id++) void replicas.startBroker(id)
    await replicas.until('all are up', () => {
      const brokers = [...(replicas.castle?.state.all('broker') ?? [])]
      return brokers.filter(({ up }) => up).length === (options.brokers ?? 3)
    })
    return replicas
  }

  machine(name: string): Machine {
    return this.#machines.get(name)!
  }

  async startCastle(): Promise<void> {
    const process = this.machine('castle').boot()
    const settings = coreConfig({ offsetsTopicBrokers: this.#options.brokers ?? 3, offsetsTopicPartitions: 1 })
    this.castle = await startCastle(process, this.#castleDisk, settings, this.#log('castle'))
  }

  /** Resolves when it listens, as long as time passes. */
  async startBroker(id: number): Promise<void> {
    const process = this.machine(nameOf(id)).boot()
    const { settings = {} } = this.#options
    this.#brokers.set(id, await startBroker(process, id, this.#log(nameOf(id)), { settings, poison: true }))
  }

  #log(name: string): Logger {
    return this.#options.log?.(name) ?? silentLogger
  }

  async restart(id: number): Promise<void> {
    await this.settled(`${nameOf(id)} listens`, this.startBroker(id))
  }

  kill(id: number, how: HowItEnds = 'kill'): void {
    this.#brokers.delete(id)
    this.machine(nameOf(id)).kill(how)
  }

  /** Both ways. */
  cut(a: string, b: string): void {
    this.network.cut(a, b)
    this.network.cut(b, a)
  }

  broker(id: number): Broker {
    return this.#brokers.get(id)!
  }

  /** Lets time pass until `condition` holds. Throws when that takes too long. */
  async until(what: string, condition: () => boolean, withinMs = 30_000): Promise<void> {
    const untilMs = this.scheduler.nowMs + withinMs
    if (!(await this.scheduler.run(untilMs, condition))) throw new Error(`not within ${withinMs} ms: ${what}`)
  }

  pass(ms: number): Promise<unknown> {
    return this.scheduler.run(this.scheduler.nowMs + ms)
  }

  /** Lets time pass until the promise is settled. */
  async settled<T>(what: string, promise: Promise<T>): Promise<T> {
    let isSettled = false
    const settle = () => {
      isSettled = true
    }
    promise.then(settle, settle)
    await this.until(what, () => isSettled)
    return promise
  }

  /** Its id, once every replica is in sync. */
  async makeTopic(
    name: string,
    given: { partitions?: number; replicationFactor?: number; configs?: Record<string, string> } = {},
  ) {
    const { partitions = 1, replicationFactor = 3, configs = {} } = given
    const wanted = { cluster: 'default', name, partitions, replicationFactor, ackLevel: -1 as const, configs }
    await this.settled(`topic ${name} is made`, this.castle!.createTopic(wanted))
    await this.until(`${name} is led`, () => this.topic(name).partitions.every(({ leader }) => leader > 0))
    return this.topic(name).topicId
  }

  topic(name: string) {
    return [...this.castle!.state.all('topic')].find((topic) => topic.name === name)!
  }

  partition(name: string, index = 0) {
    return this.topic(name).partitions[index]!
  }

  /**
   * One batch to the partition's leader as Castle knows it, at Ack -1. Resolves with Kafka's error code, or the name of what broke.
   * Nothing is sent twice.
   */
  async send(topic: string, values: readonly string[], index = 0): Promise<number | string> {
    const { leader } = this.partition(topic, index)
    const records = buildBatch({ records: values.map((value): RecordInput => ({ value, timestamp: 1 })) })
    const topicData = [{ name: topic, partitionData: [{ index, records }] }]
    try {
      const connection = await this.#connection(leader)
      const body = { transactionalId: null, acks: -1, timeoutMs: 3_000, topicData }
      const answer = await connection.request(produce, body, { timeoutMs: 5_000, versionMax: 12 })
      return answer.responses[0]!.partitionResponses[0]!.errorCode
    } catch (error) {
      return (error as { code: string }).code
    }
  }

  async #connection(id: number): Promise<KafkaConnection> {
    const known = this.#connections.get(id)
    if (known !== undefined && !known.closed) return known
    const software = { name: 'test', version: '1' }
    const limits = { connectTimeoutMs: 1_000, frameBytesMax: 1e8, inFlightMax: 1_000 }
    const options = { clientId: 'test', software, ...limits }
    const { runtime } = this.machine('client').process!
    const address = { host: nameOf(id), port: 9092 }
    const connection = await KafkaConnection.open(runtime, address, this.#slabs, options, silentLogger)
    this.#connections.set(id, connection)
    return connection
  }

  /** Sends until it is acknowledged, as a producer does that does not mind duplicates. */
  async sendSurely(topic: string, values: readonly string[], index = 0): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      if ((await this.settled('an answer', this.send(topic, values, index))) === 0) return
      await this.pass(50)
    }
    throw new Error('200 tries, and not acknowledged')
  }

  /** The bytes of a broker's log, all segments. */
  logBytes(id: number, topicId: string, index = 0): Buffer {
    const { files } = this.machine(nameOf(id)).platters
    const prefix = `/data/logs/${topicId}/${index}/`
    const paths = [...files.keys()].filter((path) => path.startsWith(prefix) && path.endsWith('.log')).sort()
    return Buffer.concat(paths.map((path) => files.get(path)!.bytes.subarray(0, files.get(path)!.size)))
  }

  /** Undefined also while its broker is down, or starts. */
  replica(id: number, topicId: string, index = 0) {
    return this.#brokers.get(id)?.partitions.get(topicId, index)
  }

  /** Every replica runs, has all that its leader has, and is in sync. */
  isLevel(name: string): boolean {
    const { topicId: id, partitions } = this.topic(name)
    return partitions.every(({ leader, replicas, isr }, index) => {
      const end = leader < 0 ? undefined : this.replica(leader, id, index)?.endOffset
      return (
        end !== undefined &&
        isr.length === replicas.length &&
        replicas.every((one) => this.replica(one, id, index)?.endOffset === end)
      )
    })
  }
}

export function nameOf(id: number): string {
  return `broker-${id}`
}

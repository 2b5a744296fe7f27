// A Castle on a world that a test holds: its store survives it, and it can be killed and started again.
import type { AlterIsrArgs, PartitionState, Result } from '@castellan/protocol/heartbeat'
import { type Address, type Runtime, silentLogger, sleep } from '@castellan/protocol/runtime'
import type { Doors } from '../brokers/doors.ts'
import { Castle } from '../castle.ts'
import { coreConfig } from '../config.ts'
import type { Topic } from '../state/entities.ts'
import { MemoryDisk, MemoryStore } from '../store/memory.ts'
import { TestBroker, TestClient } from './senders.ts'
import { LinkNetwork, runtimeOf, SeededRandom, WorldClock } from './world.ts'

type Broker = ConstructorParameters<typeof TestBroker>
type Client = ConstructorParameters<typeof TestClient>

/** What answers at brokers' addresses, by port: an incarnation, or nobody. */
export class TestDoors implements Doors {
  readonly incarnations = new Map<number, string>()
  /** Ports of machines that say nothing. */
  readonly silent = new Set<number>()
  knocks = 0

  async incarnationAt({ port }: Address): Promise<string | undefined> {
    const incarnation = this.incarnations.get(port)
    if (incarnation === undefined || this.silent.has(port)) throw new Error('nobody answers')
    return incarnation
  }

  async knock({ port }: Address): Promise<'open' | 'refused' | 'silent'> {
    this.knocks += 1
    if (this.silent.has(port)) return 'silent'
    return this.incarnations.has(port) ? 'open' : 'refused'
  }
}

export class Harness {
  readonly doors = new TestDoors()
  readonly clock = new WorldClock()
  readonly network = new LinkNetwork(this.clock, new SeededRandom(7))
  disk = new MemoryDisk()
  /** The store refuses, as a full disk does; and how long a commit takes. */
  commitFails = false
  commitDelayMs = 0
  castle!: Castle

  static async start<T extends Harness>(this: new () => T): Promise<T> {
    const harness = new this()
    await harness.startCastle()
    return harness
  }

  get runtime(): Runtime {
    return runtimeOf(this.clock, this.network, this.network.random)
  }

  get state() {
    return this.castle.state
  }

  /** Kinds of all decisions, in order. */
  get decisions(): string[] {
    return [...this.state.all('decision')].map(({ kind }) => kind)
  }

  async startCastle(): Promise<void> {
    const store = new MemoryStore(this.disk, { beforeCommit: () => this.#beforeCommit() })
    this.castle = await Castle.start(this.runtime, {
      store,
      settings: coreConfig(),
      log: silentLogger,
      doors: this.doors,
    })
    this.network.server = (link) => this.castle.accept(link)
  }

  async #beforeCommit(): Promise<void> {
    if (this.commitDelayMs > 0) await sleep(this.clock, this.commitDelayMs)
    if (this.commitFails) throw new Error('no space left on the device')
  }

  /** As kill -9 does: nothing is said to anybody. */
  async killCastle(): Promise<void> {
    this.network.server = undefined
    this.network.breakAll()
    await this.castle.stop()
  }

  broker(id: number, report?: Broker[2], options?: Broker[3]): TestBroker {
    return new TestBroker(this.runtime, id, report, options)
  }

  client(id: string, report?: Client[2], options?: Client[3]): TestClient {
    return new TestClient(this.runtime, id, report, options)
  }

  /** Brokers 1 to `count` of cluster c, with the log of groups. */
  async startBrokers(count: number, report?: Broker[2]): Promise<TestBroker[]> {
    const brokers = Array.from({ length: count }, (_, index) => this.broker(index + 1, report))
    const areThere = () => brokers.every((broker) => broker.topic('__consumer_offsets') !== undefined)
    await this.clock.until(areThere, 2_000, 'brokers are there')
    return brokers
  }

  /** The result of a call, with the world going on meanwhile. */
  async done<T>(task: Promise<T>): Promise<T> {
    const [result] = await Promise.all([task, this.clock.pass(50)])
    return result
  }

  /** Brokers 1 to `count`, of a release that replicates. */
  replicating(count: number): Promise<TestBroker[]> {
    return this.startBrokers(count, { replicates: true })
  }

  topic(name: string): Topic | undefined {
    return this.state.topicNamed('c', name)
  }

  partition(name: string, partition = 0): PartitionState | undefined {
    return this.topic(name)?.partitions[partition]
  }

  /** The leader among these proposes who should be in sync. */
  propose(brokers: readonly TestBroker[], name: string, isr: number[], partition = 0): Promise<Result> {
    const { topicId = '' } = this.topic(name) ?? {}
    const { leader = -1, leaderEpoch = 0, partitionEpoch = 0 } = this.partition(name, partition) ?? {}
    const epochOf = (id: number) => brokers.find((broker) => broker.id === id)?.sender.brokerEpoch ?? 0
    const members = isr.map((brokerId) => ({ brokerId, brokerEpoch: epochOf(brokerId) }))
    const args: AlterIsrArgs = {
      brokerEpoch: epochOf(leader),
      partitions: [{ topicId, partition, leaderEpoch, partitionEpoch, isr: members }],
    }
    const sender = brokers.find(({ id }) => id === leader)?.sender
    return this.done(sender?.call('alterIsr', args, 1_000) ?? Promise.reject(new Error('nobody leads')))
  }
}

/** The logs that a broker has that does what it is told. */
export function keepLogs(broker: TestBroker): void {
  const logs = [...broker.held.values()].flatMap(({ key, state }) => {
    const partitions = key.startsWith('topic/')
      ? (state as { partitions: { leader: number; leaderEpoch: number }[] }).partitions
      : []
    return partitions.flatMap(({ leader, leaderEpoch }, partition) =>
      leader === broker.id ? [{ topicId: key.slice(6), partition, leaderEpoch, fault: null }] : [],
    )
  })
  broker.change({ logs })
}

/** Ids of the brokers that a sender was told are alive. */
export const upBrokers = (sender: { cluster: { brokers: { id: number }[] } | undefined }) =>
  sender.cluster?.brokers.map(({ id }) => id)

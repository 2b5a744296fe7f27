// Looks at a run from outside, with the plain Kafka client and Castle's API: what is committed, what a reader without a group is given
// while leaders change, who leads; and at the end what stands in the logs.
import { setTimeout as pause } from 'node:timers/promises'
import { nodeRuntime, silentLogger } from '@castellan/protocol/runtime'
import { Admin, KafkaClient } from '@castellan/sdk/kafka'
import type { PartitionState } from '../bench/clusters.ts'
import type { ReplicaState } from '../checkers/index.ts'
import { type ChaosRecorder, messageOf } from './recorder.ts'
import { readReplicaMetrics } from './replica-metrics.ts'

export interface Watched {
  readonly castle: string
  readonly bootstrap: string
  readonly topics: readonly string[]
  readonly partitions: number
  readonly group: string
  readonly brokers: readonly WatchedBroker[]
}

export interface WatchedBroker {
  readonly id: number
  /** The URL of its metrics. */
  readonly metrics: string
  /** Names its process, as it is now. */
  life(): string
}

const everyMs = 300
/** A broker may hang, or be cut off. */
const patienceMs = 5_000
const readMax = 5_000

export interface TopicState {
  readonly name: string
  readonly topicId: string
  /** Elections that may have lost something. */
  readonly losses: number
  readonly partitions: readonly (PartitionState & { readonly leaderEpoch: number })[]
}

export class Observer {
  /** What it could not see for a while, by what: faults do that. */
  readonly misses = new Map<string, number>()
  readonly #watched: Watched
  readonly #recorder: ChaosRecorder
  readonly #client: KafkaClient
  readonly #admin: Admin
  readonly #stop = new AbortController()
  readonly #loops: Promise<void>[] = []
  /** What each process said of each partition. */
  readonly #newest = new Map<string, ReplicaState>()

  constructor(watched: Watched, recorder: ChaosRecorder) {
    this.#watched = watched
    this.#recorder = recorder
    this.#client = newClient(watched.bootstrap)
    this.#admin = new Admin(this.#client)
  }

  watch(): void {
    const positions = new Map<string, number>()
    this.#loop('commits', () => this.#noteCommits())
    this.#loop('leaders', () => this.#noteLeaders())
    for (const broker of this.#watched.brokers) this.#loop('replicas', () => this.#noteReplicas(broker))
    for (const topic of this.#watched.topics) {
      this.#loop('ends', () => this.#noteEnds(topic))
      for (let partition = 0; partition < this.#watched.partitions; partition++) {
        this.#loop('reads', () => this.#read(topic, partition, positions))
      }
    }
  }

  /** Ends what `watch` began. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#loops)
    this.#client.close()
  }

  /** A topic as Castle shows it. */
  async topic(name: string): Promise<TopicState> {
    const signal = AbortSignal.timeout(patienceMs)
    const response = await fetch(`${this.#watched.castle}/api/topics/${name}`, { signal })
    if (!response.ok) throw new Error(`GET /api/topics/${name} answered ${response.status}`)
    return (await response.json()) as TopicState
  }

  /** Everything in the logs, once nothing is sent any more. */
  async readLogs(): Promise<void> {
    for (const topic of this.#watched.topics) {
      for (let partition = 0; partition < this.#watched.partitions; partition++) await this.#readWhole(topic, partition)
    }
  }

  /** What was committed, and who leads. */
  async noteEnd(): Promise<void> {
    await this.#noteCommits()
    this.#recorder.ends.length = 0
    for (const topic of this.#watched.topics) {
      const { partitions } = await this.topic(topic)
      this.#recorder.ends.push(...partitions.map((state) => ({ ...state, partition: `${topic}/${state.partition}` })))
    }
  }

  async #readWhole(topic: string, partition: number): Promise<void> {
    const name = `${topic}/${partition}`
    const records = []
    for (let offset = 0; ; ) {
      const read = await this.#admin.read({ topic, partition, offset, messagesMax: readMax })
      for (const message of read.messages) records.push({ ...messageOf(message.text), offset: message.offset })
      offset = read.nextOffset
      if (offset >= read.highWatermark) break
    }
    this.#recorder.stored.set(name, records)
  }

  async #noteCommits(): Promise<void> {
    const { group } = this.#watched
    for (const { topic, partition, offset } of await this.#admin.groupOffsets(group)) {
      if (offset < 0) continue
      this.#recorder.commits.push({ group, partition: `${topic}/${partition}`, offset, atMs: this.#recorder.nowMs })
    }
  }

  async #noteLeaders(): Promise<void> {
    for (const topic of this.#watched.topics) {
      const { partitions } = await this.topic(topic)
      for (const { partition, leader: broker, leaderEpoch } of partitions) {
        if (broker < 0) continue
        const atMs = this.#recorder.nowMs
        this.#recorder.leaderships.push({
          partition: `${topic}/${partition}`,
          leaderEpoch,
          broker,
          process: null,
          atMs,
        })
      }
    }
  }

  /** What a broker says of its replicas, and of whom it leads. Nothing when it was started anew meanwhile: nobody knows which process said it. */
  async #noteReplicas({ id: broker, metrics, life }: WatchedBroker): Promise<void> {
    const process = life()
    const response = await fetch(metrics, { signal: AbortSignal.timeout(patienceMs) })
    const replicas = readReplicaMetrics(await response.text())
    if (life() !== process) return
    const atMs = this.#recorder.nowMs
    for (const { leaderEpoch, ...replica } of replicas) {
      const isLeader = leaderEpoch !== null
      const state = { ...replica, broker, process, isLeader, leaderEpoch: leaderEpoch ?? -1, atMs }
      const name = `${replica.partition} ${process}`
      const before = this.#newest.get(name)
      this.#newest.set(name, state)
      // An hour has too many to note what has not changed.
      if (before?.highWatermark !== state.highWatermark || before.endOffset !== state.endOffset) {
        this.#recorder.replicaStates.push(state)
      }
      if (isLeader && before?.leaderEpoch !== leaderEpoch) this.#recorder.leaderships.push(state)
    }
  }

  /** Where what may be read ends, as who asks is told. */
  async #noteEnds(topic: string): Promise<void> {
    for (const { partition, offset } of await this.#admin.offsets(topic, 'latest')) {
      const atMs = this.#recorder.nowMs
      this.#recorder.seenEnds.push({ reader: 'asker', partition: `${topic}/${partition}`, offset, atMs })
    }
  }

  /** A reader that remembers where it is, as a tool that follows a log does. */
  async #read(topic: string, partition: number, positions: Map<string, number>): Promise<void> {
    const name = `${topic}/${partition}`
    const offset = positions.get(name) ?? 0
    const { signal } = this.#stop
    const read = await this.#admin.read({ topic, partition, offset, messagesMax: readMax, waitMs: everyMs, signal })
    const atMs = this.#recorder.nowMs
    for (const message of read.messages) {
      const { key, n } = messageOf(message.text)
      this.#recorder.reads.push({ reader: 'reader', partition: name, offset: message.offset, key, n, atMs })
    }
    positions.set(name, read.nextOffset)
  }

  #loop(what: string, work: () => Promise<void>): void {
    const { signal } = this.#stop
    const run = async () => {
      while (!signal.aborted) {
        // While something is broken, nothing can be seen now and then; what is seen in the end is what the checkers want.
        await work().catch(() => this.misses.set(what, (this.misses.get(what) ?? 0) + 1))
        await pause(everyMs, undefined, { signal }).catch(() => signal.aborted)
      }
    }
    this.#loops.push(run())
  }
}

function newClient(bootstrap: string): KafkaClient {
  const addresses = bootstrap.split(',').map((text) => {
    const [host = '', port] = text.split(':')
    return { host, port: Number(port) }
  })
  return new KafkaClient(nodeRuntime(), { bootstrap: addresses, clientId: 'observer' }, silentLogger)
}

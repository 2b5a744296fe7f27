// For tests: the partitions of a broker on a disk in memory.
import type { TopicState } from '@castellan/protocol/heartbeat'
import type { Logger, Runtime } from '@castellan/protocol/runtime'
import { silentLogger } from '@castellan/protocol/runtime'
import { type BatchSpec, batchOf, recordsIn, settle, TestingClock } from '../log/testing.ts'
import { ProcessDisk, TestingDisk } from '../log/testing-disk.ts'
import type { PartitionsSettings } from './options.ts'
import type { Partition } from './partition.ts'
import { Partitions } from './partitions.ts'
import type { AppendResult } from './results.ts'

export const topicId = '11111111-2222-4333-8444-555555555555'
export const dataFolder = '/data'
export const partitionFolder = `${dataFolder}/logs/${topicId}/0`

export class TestingBroker {
  /** What outlives the process. */
  readonly platters = new TestingDisk()
  disk: ProcessDisk | undefined
  readonly clock: TestingClock
  readonly log: Logger
  readonly settings: PartitionsSettings
  /** The run of the machine: another one after a power loss. */
  bootId = 'boot-1'
  /** Castle's word is the newest that is known. */
  isNewest = true
  partitions!: Partitions
  #ids = 0

  constructor(options: { log?: Logger; settings?: Partial<PartitionsSettings> } = {}) {
    this.clock = new TestingClock()
    this.log = options.log ?? silentLogger
    this.settings = {
      producerIdExpirationMs: 86_400_000,
      producerIdExpirationCheckIntervalMs: 600_000,
      logRetentionCheckIntervalMs: 300_000,
      ...options.settings,
    }
  }

  static async start(options: ConstructorParameters<typeof TestingBroker>[0] = {}): Promise<TestingBroker> {
    const broker = new TestingBroker(options)
    await broker.open()
    return broker
  }

  /** A new process on the same disk. The one before is gone without a word, unless it was closed. */
  async open(): Promise<Partitions> {
    this.disk?.kill()
    this.disk = new ProcessDisk(this.platters)
    const { clock, disk, bootId } = this
    const random = { next: () => 0.5, bytes: (length: number) => new Uint8Array(length).fill(++this.#ids) }
    const runtime = { clock, disk, bootId, random, network: unused } as unknown as Runtime
    this.partitions = await Partitions.open(runtime, {
      dataFolder,
      brokerId: 1,
      settings: this.settings,
      log: this.log,
      isNewest: () => this.isNewest,
    })
    return this.partitions
  }

  /** The partition 0 of the topic, led at `leaderEpoch`. */
  lead(leaderEpoch: number, configs: Record<string, string> = {}): Partition {
    this.partitions.apply(topicState({ leaderEpoch, configs }))
    return this.partitions.get(topicId, 0)!
  }
}

/** Partitions take nothing from it. */
const unused = new Proxy(
  {},
  {
    get: () => {
      throw new Error('not for partitions')
    },
  },
)

export interface TopicSpec {
  readonly leaderEpoch?: number
  readonly leader?: number
  readonly replicas?: number[]
  /** Default: the replicas. */
  readonly isr?: number[]
  readonly elr?: number[]
  readonly partitionEpoch?: number
  readonly next?: number
  /** Brokers whose logs are to go. */
  readonly removed?: number[]
  readonly configs?: Record<string, string>
  readonly deleted?: boolean
  readonly partitions?: number
  readonly topicId?: string
}

export function topicState(spec: TopicSpec = {}): TopicState {
  const { leaderEpoch = 1, leader = 1, replicas = [1], configs = {}, deleted = false, partitions = 1 } = spec
  const { isr = replicas, elr = [], partitionEpoch = 1, removed = [] } = spec
  const next = spec.next === undefined ? {} : { next: spec.next }
  const partition = { leader, leaderEpoch, partitionEpoch, replicas, isr, elr, removed, ...next }
  return {
    topicId: spec.topicId ?? topicId,
    name: 'orders',
    deleted,
    internal: false,
    ackLevel: -1,
    configs,
    partitions: Array.from({ length: deleted ? 0 : partitions }, () => partition),
  }
}

/** Appends a batch and waits until it is acknowledged or refused. */
export async function produce(
  partition: Partition,
  spec: BatchSpec | Uint8Array,
  acks: -1 | 0 | 1 = -1,
): Promise<AppendResult> {
  const results: AppendResult[] = []
  partition.append(spec instanceof Uint8Array ? spec : batchOf(spec), null, acks, (result) => results.push(result))
  await settle()
  if (results.length !== 1) throw new Error(`done was called ${results.length} times`)
  return results[0]!
}

/** All records that a consumer sees. */
export async function consume(partition: Partition, offset = partition.startOffset): Promise<[number, string][]> {
  const records: [number, string][] = []
  for (;;) {
    const hot = partition.read(offset, 1000, -1)
    const read = hot.cold ? await partition.readCold(offset, 1000, -1) : hot
    if (read.errorCode !== 0) throw new Error(`error ${read.errorCode}`)
    const found = recordsIn(read.chunks).filter(([at]) => at >= offset)
    read.release()
    if (found.length === 0) return records
    records.push(...found)
    offset = found.at(-1)![0] + 1
  }
}

// For tests: a coordinator on the partitions of a broker, on a disk in memory and a clock that the test moves.
import type { ConsumerGroupHeartbeatResponseInput } from '@castellan/protocol'
import type { GroupReport, TopicState } from '@castellan/protocol/heartbeat'
import {
  type Disk,
  type DiskFile,
  type Logger,
  type OpenMode,
  type Runtime,
  silentLogger,
} from '@castellan/protocol/runtime'
import { Metadata } from '../castle/metadata.ts'
import { brokerConfig } from '../config.ts'
import { settle, TestingClock } from '../log/testing.ts'
import { TestingDisk } from '../log/testing-disk.ts'
import { Partitions } from '../partition/index.ts'
import { Coordinator, offsetsTopic } from './coordinator.ts'
import type { GroupSettings } from './settings.ts'
import type { Beat } from './state/beat.ts'
import { emptyBeat } from './state/scenario.ts'

export const offsetsTopicId = '99999999-0000-4000-8000-000000000000'
export const ordersId = '00000000-0000-4000-8000-000000000001'
export const paymentsId = '00000000-0000-4000-8000-000000000002'

export function topicState(
  name: string,
  topicId: string,
  options: { partitions?: number; leaderEpoch?: number; leader?: number; deleted?: boolean } = {},
): TopicState {
  const { partitions = 4, leaderEpoch = 1, leader = 1, deleted = false } = options
  const partition = { leader, leaderEpoch, partitionEpoch: 1, replicas: [leader], isr: [leader] }
  return {
    topicId,
    name,
    deleted,
    internal: name === offsetsTopic,
    ackLevel: -1,
    configs: {},
    partitions: Array.from({ length: deleted ? 0 : partitions }, () => partition),
  }
}

/** A clock of a process that can be held up: time passes, and its timers fire late. */
export class HeldUpClock extends TestingClock {
  #lostMs = 0

  override nowMs(): number {
    return super.nowMs() + this.#lostMs
  }

  holdUp(ms: number): void {
    this.#lostMs += ms
  }
}

/** The disk as one process has it: nothing that the process does after its death takes effect. */
class ProcessDisk implements Disk {
  readonly #disk: TestingDisk
  dead = false

  constructor(disk: TestingDisk) {
    this.#disk = disk
  }

  open(path: string, mode: OpenMode): DiskFile {
    this.#checkAlive()
    const file = this.#disk.open(path, mode)
    const guarded =
      <A extends unknown[], R>(call: (...args: A) => R) =>
      (...args: A) => {
        this.#checkAlive()
        return call(...args)
      }
    return {
      path,
      size: () => file.size(),
      read: (target, position) => file.read(target, position),
      readAsync: (target, position) => file.readAsync(target, position),
      writev: guarded((buffers, position) => file.writev(buffers, position)),
      writevAsync: guarded((buffers, position) => file.writevAsync(buffers, position)),
      truncate: guarded((size) => file.truncate(size)),
      sync: guarded(() => file.sync()),
      close: () => file.close(),
    }
  }

  exists(path: string): boolean {
    return this.#disk.exists(path)
  }

  list(folder: string): string[] {
    return this.#disk.list(folder)
  }

  mkdir(folder: string): void {
    this.#checkAlive()
    this.#disk.mkdir(folder)
  }

  remove(path: string): void {
    this.#checkAlive()
    this.#disk.remove(path)
  }

  async removeAsync(path: string): Promise<void> {
    this.remove(path)
  }

  rename(from: string, to: string): void {
    this.#checkAlive()
    this.#disk.rename(from, to)
  }

  async syncFolder(folder: string): Promise<void> {
    this.#checkAlive()
    await this.#disk.syncFolder(folder)
  }

  #checkAlive(): void {
    if (this.dead) throw new Error('this process is dead')
  }
}

export class TestingCoordinator {
  readonly disk = new TestingDisk()
  clock = new HeldUpClock()
  readonly settings: GroupSettings
  readonly log: Logger
  metadata!: Metadata
  partitions!: Partitions
  coordinator!: Coordinator
  /** How often `onChange` was called. */
  changes = 0
  leaderEpoch = 0
  #process = new ProcessDisk(this.disk)
  #made = 0
  readonly #brokerId: number

  constructor(settings: Partial<GroupSettings> = {}, log: Logger = silentLogger, brokerId = 1) {
    this.#brokerId = brokerId
    this.settings = {
      ...brokerConfig({ brokerId, castle: ['http://127.0.0.1:1'], dataFolder: '/data' }),
      ...settings,
    }
    this.log = log
  }

  static async start(settings: Partial<GroupSettings> = {}, log?: Logger): Promise<TestingCoordinator> {
    const testing = new TestingCoordinator(settings, log)
    await testing.restart()
    return testing
  }

  /** A new process on the same disk, told by Castle of all topics. The one before is gone without a word. */
  async restart(): Promise<void> {
    await this.open(new HeldUpClock())
    this.elect()
    await settle()
  }

  /** The same, for a Castle of the test's own: it is told of no leader of the group log. */
  async open(clock: HeldUpClock): Promise<void> {
    this.#process.dead = true
    this.#process = new ProcessDisk(this.disk)
    this.clock = clock
    const bytes = (length: number) => new Uint8Array(length).fill(++this.#made)
    const random = { next: () => 0.5, bytes }
    const runtime = { clock: this.clock, disk: this.#process, random, network: {} } as unknown as Runtime
    this.metadata = new Metadata(this.clock)
    const settings = {
      producerIdExpirationMs: 86_400_000,
      producerIdExpirationCheckIntervalMs: 600_000,
      logRetentionCheckIntervalMs: 300_000,
    }
    this.partitions = await Partitions.open(runtime, {
      dataFolder: '/data',
      brokerId: this.#brokerId,
      settings,
      log: silentLogger,
    })
    const { partitions, metadata, log } = this
    this.coordinator = new Coordinator(runtime, { partitions, metadata, log, settings: this.settings })
    this.coordinator.onChange(() => this.changes++)
    this.tell(topicState('orders', ordersId), topicState('payments', paymentsId))
    // Partitions are made a few in a turn.
    await settle()
  }

  /** Castle gives the log of groups, of two partitions, to broker `leader`, at a new leader epoch. */
  elect(leader = 1): void {
    this.tell(topicState(offsetsTopic, offsetsTopicId, { partitions: 2, leaderEpoch: ++this.leaderEpoch, leader }))
  }

  tell(...topics: TopicState[]): void {
    for (const topic of topics) {
      this.metadata.setTopic(topic)
      this.partitions.apply(topic)
      this.coordinator.topicChanged(topic)
    }
  }

  beat(
    groupId: string,
    memberId: string,
    memberEpoch: number,
    more: Partial<Beat> = {},
  ): Promise<ConsumerGroupHeartbeatResponseInput> {
    return this.coordinator.heartbeat({ ...emptyBeat, groupId, memberId, memberEpoch, ...more })
  }

  join(groupId: string, memberId: string, more: Partial<Beat> = {}): Promise<ConsumerGroupHeartbeatResponseInput> {
    const joining = { rebalanceTimeoutMs: 60_000, subscribedTopicNames: ['orders'], topicPartitions: [] }
    return this.beat(groupId, memberId, 0, { ...joining, ...more })
  }

  report(groupId: string): GroupReport | undefined {
    return this.coordinator.reports().find(({ group }) => group === groupId)
  }

  /** Castle's target for the group as it was last reported. */
  async target(groupId: string, members: Record<string, number[]>): Promise<void> {
    const membership = this.report(groupId)?.membership ?? 0
    const given = Object.entries(members).map(([id, partitions]) => [id, { [ordersId]: partitions }])
    this.coordinator.applyTarget({ group: groupId, membership, members: Object.fromEntries(given) })
    await settle()
  }

  async commit(
    groupId: string,
    memberId: string,
    memberEpoch: number,
    offsets: Record<number, number>,
    apiVersion = 9,
  ): Promise<number[]> {
    const partitions = Object.entries(offsets).map(([partition, offset]) => ({
      partitionIndex: Number(partition),
      committedOffset: offset,
      committedLeaderEpoch: 7,
      committedMetadata: `at ${offset}`,
    }))
    const request = {
      groupId,
      generationIdOrMemberEpoch: memberEpoch,
      memberId,
      groupInstanceId: null,
      retentionTimeMs: -1,
      topics: [{ name: 'orders', topicId: ordersId, partitions }],
    }
    const { topics } = await this.coordinator.commitOffsets(request, apiVersion)
    return topics?.flatMap((topic) => topic.partitions.map(({ errorCode }) => errorCode)) ?? []
  }

  /** Committed offsets of `orders` by partition; -1: none. */
  async fetch(groupId: string, partitions = [0, 1, 2, 3]): Promise<number[]> {
    const topics = [{ name: 'orders', topicId: ordersId, partitionIndexes: partitions }]
    const groups = [{ groupId, memberId: null, memberEpoch: -1, topics }]
    const answer = await this.coordinator.fetchOffsets({ groupId: '', topics: [], groups, requireStable: false }, 9)
    const group = answer.groups?.[0]
    if (!group || group.errorCode) return [group?.errorCode ?? 0]
    return group.topics.flatMap((topic) => topic.partitions.map(({ committedOffset }) => Number(committedOffset)))
  }
}

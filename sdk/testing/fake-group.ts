// For tests: a broker that coordinates one group of one member, and has one topic's log in memory. Each answer can be told.
import {
  consumerGroupHeartbeat,
  describeConfigs,
  errors,
  fetch,
  findCoordinator,
  listOffsets,
  offsetCommit,
  offsetFetch,
  offsetForLeaderEpoch,
  type RequestOf,
  type ResponseInput,
} from '@castellan/protocol'
import { buildBatch, patchBatch } from '@castellan/protocol/records'
import { sleep } from '@castellan/protocol/runtime'
import { FakeBroker } from './fake-broker.ts'

export const topicId = '00000000-0000-4000-8000-00000000000a'

interface Batch {
  readonly bytes: Uint8Array
  readonly end: number
}

export class FakeGroup {
  readonly broker: FakeBroker
  /** What the member may hold; sent with each answer, as the whole truth. */
  assigned: number[] = [0]
  memberEpoch = 1
  intervalMs = 20
  sessionMs = 10_000
  /** Error codes of the next answers; then none. 'silence': no answer. */
  readonly heartbeatScript: (number | 'silence')[] = []
  /** Error code of all heartbeats; 0: none. */
  refusal = 0
  readonly commitScript: number[] = []
  readonly fetchScript: number[] = []
  /** Committed offsets by partition. */
  readonly committed = new Map<number, number>()
  readonly heartbeats: RequestOf<typeof consumerGroupHeartbeat>[] = []
  readonly commits: { partition: number; offset: number; memberEpoch: number }[] = []
  /** Where epochs end, for OffsetForLeaderEpoch; -1: as far as the log goes. */
  epochEnd = -1
  logStart = 0
  /** Of every time that is asked for; -1: nothing is that new. */
  offsetOfTime = -1
  readonly #logs = new Map<number, Batch[]>()

  static async start(partitions = 2): Promise<FakeGroup> {
    const group = new FakeGroup(await FakeBroker.start())
    group.broker.topics.set('orders', { id: topicId, partitions, leaderEpoch: 3 })
    return group
  }

  /** What the member said last that it has; undefined: nothing yet. */
  get held(): number[] | undefined {
    const said = this.heartbeats.findLast(({ topicPartitions }) => topicPartitions !== null)
    return said?.topicPartitions?.flatMap(({ partitions }) => partitions)
  }

  private constructor(broker: FakeBroker) {
    this.broker = broker
    broker.on(findCoordinator, ({ coordinatorKeys }) => ({
      coordinators: coordinatorKeys.map((key) => ({ key, nodeId: 1, ...broker.address, errorCode: 0 })),
    }))
    broker.on(describeConfigs, ({ resources }) => ({
      results: resources.map(({ resourceType, resourceName, configurationKeys }) => {
        const configs = [
          { name: configurationKeys![0]!, value: String(this.sessionMs), readOnly: true, isSensitive: false },
        ]
        return { errorCode: 0, errorMessage: null, resourceType, resourceName, configs }
      }),
    }))
    broker.on(consumerGroupHeartbeat, (request) => this.#heartbeat(request))
    broker.on(offsetFetch, (request) => this.#offsetFetch(request))
    broker.on(offsetCommit, (request) => this.#offsetCommit(request))
    this.answerOffsets()
    broker.on(offsetForLeaderEpoch, ({ topics }) => ({
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, leaderEpoch }) => ({
          errorCode: 0,
          partition,
          leaderEpoch,
          endOffset: this.epochEnd < 0 ? this.end(partition) : this.epochEnd,
        })),
      })),
    }))
    broker.on(fetch, (request) => this.#fetch(request))
  }

  /** Answers ListOffsets, after a test did so. */
  answerOffsets(): void {
    this.broker.on(listOffsets, (request) => this.#listOffsets(request))
  }

  /** Appends values as one batch; returns it, to be damaged. */
  append(partition: number, ...values: string[]): Uint8Array {
    return this.appendRecords(partition, ...values.map((value) => ({ value })))
  }

  appendRecords(partition: number, ...records: { key?: string | null; value: string }[]): Uint8Array {
    const bytes = buildBatch({ records })
    const start = this.end(partition)
    patchBatch(bytes, 0, { baseOffset: start, partitionLeaderEpoch: this.broker.topics.get('orders')!.leaderEpoch })
    const log = this.#logs.get(partition) ?? []
    log.push({ bytes, end: start + records.length })
    this.#logs.set(partition, log)
    return bytes
  }

  end(partition: number): number {
    return this.#logs.get(partition)?.at(-1)?.end ?? 0
  }

  truncate(partition: number, end: number): void {
    this.#logs.set(
      partition,
      (this.#logs.get(partition) ?? []).filter((batch) => batch.end <= end),
    )
  }

  async stop(): Promise<void> {
    await this.broker.stop()
  }

  // ------------------------------------------------------------ inside

  #heartbeat(
    request: RequestOf<typeof consumerGroupHeartbeat>,
  ): ResponseInput<typeof consumerGroupHeartbeat> | 'silence' {
    this.heartbeats.push(request)
    const { memberId, memberEpoch } = request
    const next = memberEpoch < 0 ? 0 : (this.heartbeatScript.shift() ?? this.refusal)
    if (next === 'silence') return next
    const assignment = { topicPartitions: [{ topicId, partitions: this.assigned }] }
    const answer = { memberId, memberEpoch: this.memberEpoch, heartbeatIntervalMs: this.intervalMs }
    return next === 0 ? { errorCode: 0, ...answer, assignment } : { errorCode: next, ...answer }
  }

  #offsetFetch({ groups }: RequestOf<typeof offsetFetch>): ResponseInput<typeof offsetFetch> {
    return {
      groups: groups.map(({ groupId, topics }) => ({
        groupId,
        topics: (topics ?? []).map(({ topicId: id, name, partitionIndexes }) => ({
          topicId: id,
          name,
          partitions: partitionIndexes.map((partitionIndex) => ({
            partitionIndex,
            committedOffset: this.committed.get(partitionIndex) ?? -1,
            metadata: null,
            errorCode: 0,
          })),
        })),
      })),
    }
  }

  #offsetCommit({
    generationIdOrMemberEpoch,
    topics,
  }: RequestOf<typeof offsetCommit>): ResponseInput<typeof offsetCommit> {
    return {
      topics: topics.map(({ topicId: id, name, partitions }) => ({
        topicId: id,
        name,
        partitions: partitions.map(({ partitionIndex, committedOffset }) => {
          const errorCode = this.commitScript.shift() ?? 0
          if (errorCode === 0) {
            this.committed.set(partitionIndex, committedOffset)
            this.commits.push({
              partition: partitionIndex,
              offset: committedOffset,
              memberEpoch: generationIdOrMemberEpoch,
            })
          }
          return { partitionIndex, errorCode }
        }),
      })),
    }
  }

  #listOffsets({ topics }: RequestOf<typeof listOffsets>): ResponseInput<typeof listOffsets> {
    return {
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, timestamp }) => ({
          partitionIndex,
          errorCode: 0,
          offset: this.#offsetAt(timestamp, partitionIndex),
          leaderEpoch: 3,
        })),
      })),
    }
  }

  #offsetAt(timestamp: number, partition: number): number {
    if (timestamp >= 0) return this.offsetOfTime
    return timestamp === -2 ? this.logStart : this.end(partition)
  }

  async #fetch({ topics, maxWaitMs }: RequestOf<typeof fetch>): Promise<ResponseInput<typeof fetch>> {
    const code = this.fetchScript.shift() ?? 0
    const read = () =>
      topics.map(({ topicId: id, partitions }) => ({
        topicId: id,
        partitions: partitions.map(({ partition, fetchOffset, currentLeaderEpoch }) =>
          this.#read(partition, fetchOffset, currentLeaderEpoch, code),
        ),
      }))
    const isEmpty = (answer: ReturnType<typeof read>) =>
      answer.every(({ partitions }) =>
        partitions.every(({ errorCode, records }) => errorCode === 0 && records.length === 0),
      )
    let responses = read()
    if (isEmpty(responses)) {
      await sleep(this.broker.runtime.clock, Math.min(maxWaitMs, 10))
      responses = read()
    }
    return { responses }
  }

  #read(partitionIndex: number, offset: number, leaderEpoch: number, scripted: number) {
    const known = this.broker.topics.get('orders')!.leaderEpoch
    const isOut = offset > this.end(partitionIndex) || offset < this.logStart
    const fenced = leaderEpoch < known ? errors.FENCED_LEADER_EPOCH.code : 0
    const errorCode = scripted || fenced || (isOut ? errors.OFFSET_OUT_OF_RANGE.code : 0)
    const batches = errorCode === 0 ? (this.#logs.get(partitionIndex) ?? []).filter(({ end }) => end > offset) : []
    return {
      partitionIndex,
      errorCode,
      highWatermark: this.end(partitionIndex),
      records: batches.map(({ bytes }) => bytes),
    }
  }
}

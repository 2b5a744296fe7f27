// Fetches ahead for all partitions of a consumer: from each leader the partitions that have room, with long polls.
//
// Two requests to a leader may be under way: while one waits for news of idle partitions, the other brings what a busy one needs.
// Bounded in bytes: a partition with enough to do, or a consumer with enough in all, is not fetched for.
import { errors, fetch, groupBy, type ResponseOf, zeroUuid } from '@castellan/protocol'
import { batchStarts, readBatchHeader } from '@castellan/protocol/records'
import type { Timer } from '@castellan/protocol/runtime'
import { backoffMs, requestBackoff } from '../backoff.ts'
import { CastellanError, messageOf, refusal } from '../errors.ts'
import type { KafkaClient } from '../kafka/client.ts'
import { MessageReader } from '../kafka/message.ts'
import { newStop } from '../stop.ts'
import type { ConsumerOptions } from './options.ts'
import type { AssignedPartition, Position } from './partition.ts'

type FetchResponse = ResponseOf<typeof fetch>
type PartitionAnswer = FetchResponse['responses'][number]['partitions'][number]

export interface FetcherHooks {
  /** Those of this consumer, now. */
  readonly partitions: () => Iterable<AssignedPartition>
  /** The position has to be checked against the leader's log first (KIP-320). True: it is fine as it is. */
  readonly isChecked: (partition: AssignedPartition, leaderEpoch: number) => boolean
  readonly onOutOfRange: (partition: AssignedPartition) => void
  /** The consumer cannot go on. */
  readonly onFatal: (error: CastellanError) => void
}

interface Asked {
  readonly partition: AssignedPartition
  readonly generation: number
  readonly from: Position
  readonly leaderEpoch: number
}

const lanesMax = 2
/** What a partition without anything to do may always fetch. */
const leastBytes = 64 * 1024
/** Fetch by topic id. */
const versionMin = 13

export class Fetcher {
  readonly #client: KafkaClient
  readonly #options: ConsumerOptions
  readonly #hooks: FetcherHooks
  /** Free and all lanes of a leader. */
  readonly #lanes = new Map<number, { free: string[]; all: string[] }>()
  readonly #stop = newStop()
  readonly #stopWatching: () => void
  #isWoken = false
  #timer: Timer | null = null

  constructor(client: KafkaClient, options: ConsumerOptions, hooks: FetcherHooks) {
    this.#client = client
    this.#options = options
    this.#hooks = hooks
    this.#stopWatching = client.view.onChange(() => this.wake())
  }

  /** Looks at the end of this turn what can be fetched. */
  wake(): void {
    if (this.#isWoken || this.#stop.signal.aborted) return
    this.#isWoken = true
    this.#client.runtime.clock.soon(() => this.#pump())
  }

  close(): void {
    this.#stop.abort(new CastellanError('CLOSED', 'the consumer was closed'))
    this.#stopWatching()
    this.#timer?.cancel()
    for (const { all } of this.#lanes.values()) for (const lane of all) this.#client.closeLane(lane)
  }

  // ------------------------------------------------------------ out

  #pump(): void {
    this.#isWoken = false
    this.#timer?.cancel()
    this.#timer = null
    if (this.#stop.signal.aborted) return
    const nowMs = this.#client.runtime.clock.nowMs()
    const partitions = [...this.#hooks.partitions()]
    const buffered = partitions.reduce((sum, { bufferedBytes }) => sum + bufferedBytes, 0)
    const leftBytes = this.#options.prefetchBytes - buffered
    // Partitions that are stuck may hold all of it; those that have nothing must go on.
    const due = partitions.filter((one) => this.#wants(one, nowMs) && (leftBytes > 0 || one.bufferedBytes === 0))
    for (const [leader, group] of groupBy(due, (one) => this.#leaderOf(one))) {
      if (leader >= 0) this.#fetchFrom(leader, group, Math.max(leftBytes, leastBytes * group.length))
    }
    const laterMs = partitions.reduce(
      (soonest, { notBeforeMs }) => (notBeforeMs > nowMs ? Math.min(soonest, notBeforeMs) : soonest),
      Infinity,
    )
    if (laterMs < Infinity) this.#timer = this.#client.runtime.clock.after(laterMs - nowMs, () => this.wake())
  }

  #wants(partition: AssignedPartition, nowMs: number): boolean {
    if (!partition.isActive || partition.isPaused || partition.isFetching || partition.isLooking) return false
    if (partition.bufferedBytes >= this.#options.partitionPrefetchBytes) return false
    if (partition.notBeforeMs <= nowMs) return true
    // What failed at one leader need not wait for the next.
    return this.#epochOf(partition) > partition.failedEpoch
  }

  /** The leader epoch that is known; -1: none. */
  #epochOf({ topicId, partition }: AssignedPartition): number {
    return this.#client.view.leader(topicId, partition)?.leaderEpoch ?? -1
  }

  #leaderOf(partition: AssignedPartition): number {
    const leader = this.#client.view.leader(partition.topicId, partition.partition)
    if (leader === undefined || !this.#client.view.brokers.has(leader.leader)) {
      this.#later(
        partition,
        this.#epochOf(partition),
        `${partition.topic}/${partition.partition} has no leader that is up`,
      )
      return -1
    }
    return this.#hooks.isChecked(partition, leader.leaderEpoch) ? leader.leader : -1
  }

  #fetchFrom(leader: number, partitions: readonly AssignedPartition[], bytesMax: number): void {
    const lane = this.#takeLane(leader)
    if (lane === undefined) return
    const asked = partitions.map((partition): Asked => {
      partition.isFetching = true
      const leaderEpoch = this.#epochOf(partition)
      return { partition, generation: partition.generation, from: partition.position, leaderEpoch }
    })
    void this.#fetch(leader, lane, asked, bytesMax)
  }

  #takeLane(leader: number): string | undefined {
    let lanes = this.#lanes.get(leader)
    if (lanes === undefined) {
      lanes = { free: [], all: [] }
      this.#lanes.set(leader, lanes)
    }
    if (lanes.free.length > 0) return lanes.free.pop()
    if (lanes.all.length >= lanesMax) return undefined
    const lane = this.#client.newLane('fetch')
    lanes.all.push(lane)
    return lane
  }

  async #fetch(leader: number, lane: string, asked: readonly Asked[], bytesMax: number): Promise<void> {
    const { fetchWaitMs, requestTimeoutMs } = this.#options
    const { signal } = this.#stop
    try {
      const options = { broker: leader, lane, timeoutMs: fetchWaitMs + requestTimeoutMs, signal, versionMin }
      const answer = await this.#client.dispatch(fetch, this.#bodyOf(asked, bytesMax), options)
      if (answer.errorCode !== 0) throw refusal(`Fetch from broker ${leader}`, answer.errorCode)
      this.#answered(asked, answer)
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof CastellanError && error.code === 'VERSION_UNSUPPORTED') this.#hooks.onFatal(error)
      for (const { partition, generation, leaderEpoch } of asked) {
        if (partition.generation === generation) this.#later(partition, leaderEpoch, messageOf(error))
      }
    } finally {
      this.#lanes.get(leader)?.free.push(lane)
      for (const { partition, generation } of asked)
        if (partition.generation === generation) partition.isFetching = false
      this.wake()
    }
  }

  #bodyOf(asked: readonly Asked[], bytesMax: number) {
    const { fetchWaitMs, fetchBytesMin, fetchBytesMax, partitionPrefetchBytes, rack } = this.#options
    const maxBytes = Math.min(fetchBytesMax, bytesMax)
    const topics = [...groupBy(asked, ({ partition }) => partition.topicId)].map(([topicId, group]) => ({
      topicId,
      partitions: group.map(({ partition, from, leaderEpoch }) => ({
        partition: partition.partition,
        currentLeaderEpoch: leaderEpoch,
        fetchOffset: from.offset,
        partitionMaxBytes: Math.min(partitionPrefetchBytes, maxBytes),
      })),
    }))
    return { maxWaitMs: fetchWaitMs, minBytes: fetchBytesMin, maxBytes, topics, forgottenTopicsData: [], rackId: rack }
  }

  // ------------------------------------------------------------ back

  #answered(asked: readonly Asked[], answer: FetchResponse): void {
    for (const { nodeId, host, port, rack } of answer.nodeEndpoints) {
      if (!this.#client.view.brokers.has(nodeId)) this.#client.view.tellBroker({ id: nodeId, host, port, rack })
    }
    const answers = new Map<string, PartitionAnswer>()
    for (const { topicId, partitions } of answer.responses) {
      if (topicId === zeroUuid) continue
      for (const one of partitions) answers.set(`${topicId}/${one.partitionIndex}`, one)
    }
    for (const one of asked) {
      if (one.partition.generation !== one.generation || !one.partition.isActive) continue
      // A partition that is left out of the answer has no news.
      const found = answers.get(`${one.partition.topicId}/${one.partition.partition}`)
      if (found !== undefined) this.#take(one, found)
    }
  }

  #take(asked: Asked, answer: PartitionAnswer): void {
    const { partition, from, leaderEpoch } = asked
    if (answer.errorCode !== 0) return this.#failed(asked, answer)
    const { records } = answer
    if (records === null || records.length === 0) {
      partition.failures = 0
      return
    }
    try {
      const next = endOf(records, from)
      if (next.offset <= from.offset)
        return this.#later(partition, leaderEpoch, 'the broker sent no whole batch', false)
      const reader = new MessageReader(partition, records, from.offset, from.leaderEpoch)
      partition.fetched({ reader, bytes: records.length }, next)
    } catch (error) {
      this.#later(partition, leaderEpoch, `a fetched batch cannot be read: ${messageOf(error)}`, false)
    }
  }

  #failed({ partition, leaderEpoch: asked }: Asked, { errorCode, currentLeader }: PartitionAnswer): void {
    const what = `Fetch of ${partition.topic}/${partition.partition}`
    if (errorCode === errors.OFFSET_OUT_OF_RANGE.code) return this.#hooks.onOutOfRange(partition)
    const error = refusal(what, errorCode)
    // What a broker did not foresee goes by, as Kafka's own consumer takes it.
    if (!error.retriable && errorCode !== errors.UNKNOWN_SERVER_ERROR.code) return this.#hooks.onFatal(error)
    if (currentLeader !== null && currentLeader.leaderId >= 0) {
      const { leaderId: leader, leaderEpoch } = currentLeader
      if (this.#client.view.tellLeader(partition.topicId, partition.partition, { leader, leaderEpoch })) return
    }
    this.#later(partition, asked, error.message, errorCode !== errors.OFFSET_NOT_AVAILABLE.code)
  }

  /** `leaderEpoch`: of the leader that failed. A newer one is tried at once, and its failures count from the start. */
  #later(partition: AssignedPartition, leaderEpoch: number, reason: string, refresh = true): void {
    const { clock, random } = this.#client.runtime
    partition.failures = leaderEpoch > partition.failedEpoch ? 1 : partition.failures + 1
    partition.failedEpoch = leaderEpoch
    partition.notBeforeMs = clock.nowMs() + backoffMs(requestBackoff, partition.failures, random)
    const log = partition.failures % 10 === 0 ? partition.log.warn : partition.log.debug
    log.call(partition.log, { reason, failures: partition.failures }, 'cannot be fetched, trying again')
    if (refresh) this.#client.metadata.refresh()
  }
}

/** Where the next fetch begins: after the last whole batch. */
function endOf(records: Uint8Array, from: Position): Position {
  let last = -1
  for (const at of batchStarts(records)) last = at
  if (last < 0) return from
  const { baseOffset, lastOffsetDelta, partitionLeaderEpoch } = readBatchHeader(records, last)
  return { offset: baseOffset + lastOffsetDelta + 1, leaderEpoch: partitionLeaderEpoch }
}

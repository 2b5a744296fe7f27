// The group coordinator of this broker: it answers for the groups whose partition of __consumer_offsets is led here.
//
//   handlers --> Coordinator --group id--> Shard (one partition's groups) --> GroupLog --> Partition
//                   ^  |
//   target, topics -'  '-> reports, "a report changed"            (the link to Castle)
//
// Which partition: murmur2 of the group id, as for keys. Leadership comes and goes with Castle's topic subjects; with it
// the shard is read from the log, or forgotten. A coordinator answers heartbeats only while R2's rule for Ack 1 holds: one that
// was cut off falls silent before the next one counts sessions. Offsets are told under the same rule, so that none is older.
import {
  type ConsumerGroupHeartbeatResponseInput,
  errorOf,
  errors,
  type OffsetCommitRequest,
  type OffsetCommitResponseInput,
  type OffsetFetchRequest,
  type OffsetFetchResponseInput,
} from '@castellan/protocol'
import type { GroupReport, TargetState, TopicState } from '@castellan/protocol/heartbeat'
import { partitionForKey } from '@castellan/protocol/records'
import type { Logger, Runtime, Timer } from '@castellan/protocol/runtime'
import type { Metadata } from '../castle/metadata.ts'
import type { Partition, Partitions } from '../partition/index.ts'
import { coordinatorError } from './coordinator-error.ts'
import { type DescribedGroup, describeGroup, type ListedGroup, listGroups } from './describe.ts'
import { commitOffsets } from './offset-commit.ts'
import { fetchOffsets } from './offset-fetch.ts'
import { RepeatedWarning } from './repeated-warning.ts'
import { fitReports, hasRoomFor } from './report-room.ts'
import type { GroupSettings } from './settings.ts'
import { Shard } from './shard.ts'
import type { ShardHost } from './shard-host.ts'
import { type Beat, refusal, refusedAnswer } from './state/beat.ts'
import { toTopicPartitions } from './state/owned.ts'
import { Subscriptions } from './state/subscription.ts'
import { TopicNews } from './topic-news.ts'

export const offsetsTopic = '__consumer_offsets'

const closeMs = 1_000
/** A shard that failed is read again after a while that doubles each time. */
const reloadMs = { first: 100, most: 30_000 }

export interface CoordinatorOptions {
  readonly partitions: Partitions
  readonly metadata: Metadata
  readonly log: Logger
  readonly settings: GroupSettings
}

/** Where a group's coordinator is. Kafka's error code; 0: there. */
export type Found =
  | { readonly errorCode: 0; readonly nodeId: number; readonly host: string; readonly port: number }
  | { readonly errorCode: number; readonly errorMessage: string }

export class Coordinator {
  readonly #runtime: Runtime
  readonly #options: CoordinatorOptions
  /** By partition. */
  readonly #shards = new Map<number, Shard>()
  readonly #reloads = new Map<number, { failures: number; timer: Timer }>()
  readonly #listeners = new Set<() => void>()
  readonly #topicNews: TopicNews
  readonly #noRoom: RepeatedWarning
  readonly #reportTooLarge: RepeatedWarning
  readonly #host: ShardHost
  readonly #stopListening: () => void
  #retentionTimer: Timer
  #reports: GroupReport[] | null = null
  #reportNoted = false
  #closed = false

  constructor(runtime: Runtime, options: CoordinatorOptions) {
    this.#runtime = runtime
    this.#options = options
    this.#noRoom = new RepeatedWarning(
      runtime.clock,
      options.log,
      'no room for what members ask for: their group has as many as it may, or the report to Castle is full',
    )
    this.#reportTooLarge = new RepeatedWarning(
      runtime.clock,
      options.log,
      'the report to Castle would be too large, so groups are left out (they are assigned without Castle), or what their members have now: let more brokers coordinate them',
    )
    this.#topicNews = new TopicNews(runtime.clock, (topics) => this.#followTopics(topics))
    this.#host = {
      runtime,
      settings: options.settings,
      metadata: options.metadata,
      log: options.log,
      subscriptions: new Subscriptions(),
      deletedTopics: this.#topicNews.deleted,
      hasRoom: () => this.#groupCount() < options.settings.groupsMax && hasRoomFor(this.#reportBytes(), 1, 0),
      hasReportRoom: (growthBytes, memberBytes) => hasRoomFor(this.#reportBytes(), growthBytes, memberBytes),
      noRoom: this.#noRoom,
      onReport: () => this.#noteReport(),
      onFailure: (shard) => this.#reloadLater(shard),
    }
    this.#stopListening = options.partitions.onLeadership((partition) => this.#follow(partition))
    for (const partition of options.partitions.all()) this.#follow(partition)
    this.#retentionTimer = this.#expireLater()
  }

  /** Stops answering; waits until what was written is durable or refused. Call it before the partitions are closed. */
  async close(): Promise<void> {
    this.#closed = true
    this.#stopListening()
    this.#retentionTimer.cancel()
    for (const { timer } of this.#reloads.values()) timer.cancel()
    const shards = [...this.#shards.values()]
    this.#shards.clear()
    await new Promise<void>((resolve) => {
      // Writes that wait for other replicas may wait for long.
      const patience = this.#runtime.clock.after(closeMs, resolve)
      void Promise.all(shards.map((shard) => shard.durable())).then(() => {
        patience.cancel()
        resolve()
      })
    })
    for (const shard of shards) shard.close()
  }

  // ---------------------------------------------------------------- requests

  /** The shard that coordinates the group, or Kafka's code for why it cannot be asked here and now. */
  shardOf(groupId: string): Shard | number {
    const index = this.#partitionOf(groupId)
    return index === undefined ? errors.COORDINATOR_NOT_AVAILABLE.code : this.#shardAt(index)
  }

  #shardAt(index: number): Shard | number {
    const shard = this.#shards.get(index)
    if (!shard?.partition.isLeader) return errors.NOT_COORDINATOR.code
    if (shard.state === 'loading') return errors.COORDINATOR_LOAD_IN_PROGRESS.code
    return shard.state === 'ready' ? shard : errors.COORDINATOR_NOT_AVAILABLE.code
  }

  /** ConsumerGroupHeartbeat. */
  async heartbeat(beat: Beat): Promise<ConsumerGroupHeartbeatResponseInput> {
    const { groupConsumerHeartbeatIntervalMs, groupConvergingHeartbeatIntervalMs } = this.#options.settings
    const shard = this.shardOf(beat.groupId)
    const outcome = typeof shard === 'number' ? shard : await shard.heartbeat(beat)
    const answer =
      typeof outcome === 'number'
        ? refusedAnswer(refusal({ code: coordinatorError(outcome) }, errorOf(outcome).message))
        : outcome
    const { converging, assignment, ...rest } = answer
    return {
      ...rest,
      heartbeatIntervalMs: converging ? groupConvergingHeartbeatIntervalMs : groupConsumerHeartbeatIntervalMs,
      assignment: assignment && { topicPartitions: toTopicPartitions(assignment) },
    }
  }

  /** OffsetCommit. */
  commitOffsets(request: OffsetCommitRequest, apiVersion: number): Promise<OffsetCommitResponseInput> {
    const { metadata, settings } = this.#options
    const around = { metadata, settings, wallMs: this.#runtime.clock.wallMs(), hasRoom: this.#host.hasRoom() }
    const shard = this.shardOf(request.groupId)
    // Refused before it is a step, or all groups of the shard would wait behind it.
    const isTaken = typeof shard === 'number' || !shard.partition.lacksReplicas
    return commitOffsets(isTaken ? shard : errors.COORDINATOR_NOT_AVAILABLE.code, request, apiVersion, around)
  }

  /** OffsetFetch. */
  fetchOffsets(request: OffsetFetchRequest, apiVersion: number): Promise<OffsetFetchResponseInput> {
    return fetchOffsets((groupId) => this.shardOf(groupId), request, apiVersion, this.#options.metadata)
  }

  /** ListGroups: those that broker `brokerId`, which is this one, coordinates; Kafka's code while not all of them can be told. */
  listGroups(brokerId: number): Promise<ListedGroup[] | number> {
    const partitions = this.#options.metadata.topicNamed(offsetsTopic)?.partitions
    if (partitions === undefined) return Promise.resolve(errors.COORDINATOR_NOT_AVAILABLE.code)
    return listGroups(partitions.flatMap(({ leader }, index) => (leader === brokerId ? [this.#shardAt(index)] : [])))
  }

  /** ConsumerGroupDescribe, of one group. */
  describeGroup(groupId: string): Promise<DescribedGroup> {
    return describeGroup(this.shardOf(groupId), groupId, {
      nameOf: (topicId) => this.#options.metadata.topicWithId(topicId)?.name,
      isDeleted: (topicId) => this.#topicNews.deleted.has(topicId),
    })
  }

  /** Where the group's coordinator is, by what Castle last said. */
  find(groupId: string): Found {
    const { metadata } = this.#options
    const index = this.#partitionOf(groupId)
    const leader = index === undefined ? undefined : metadata.topicNamed(offsetsTopic)?.partitions[index]?.leader
    const broker = leader === undefined || leader < 0 ? undefined : metadata.broker(leader)
    if (broker) return { errorCode: 0, nodeId: broker.id, host: broker.host, port: broker.port }
    const errorMessage =
      index === undefined
        ? 'the log of groups does not exist yet'
        : `partition ${index} of ${offsetsTopic} has no leader`
    return { errorCode: errors.COORDINATOR_NOT_AVAILABLE.code, errorMessage }
  }

  // ---------------------------------------------------------------- Castle

  /** The groups that this broker coordinates, as many as a report may hold; the same list until something of it changes. */
  reports(): GroupReport[] {
    if (this.#reports) return this.#reports
    const all = [...this.#shards.values()].flatMap((shard) => shard.reports())
    const { reports, leftOut, withoutTarget } = fitReports(all)
    if (leftOut + withoutTarget > 0) this.#reportTooLarge.happened({ groups: all.length, leftOut, withoutTarget })
    this.#reports = reports
    return reports
  }

  /** Calls `listener` when the reports changed, once for all changes of a turn. Returns how to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  applyTarget(state: TargetState): void {
    const shard = this.shardOf(state.group)
    // One that comes too early or too late is for another membership: Castle decides again when it has the next report.
    if (typeof shard !== 'number') shard.takeTarget(state)
  }

  /** A topic subject came; call it when metadata and partitions have it. */
  topicChanged(topic: TopicState): void {
    this.#topicNews.heard(topic)
  }

  // ---------------------------------------------------------------- shards

  #partitionOf(groupId: string): number | undefined {
    const count = this.#options.metadata.topicNamed(offsetsTopic)?.partitions.length
    return count ? partitionForKey(Buffer.from(groupId), count) : undefined
  }

  #follow(partition: Partition): void {
    if (partition.topic !== offsetsTopic || this.#closed) return
    const { index, isLeader, leaderEpoch } = partition
    const shard = this.#shards.get(index)
    if (isLeader && shard?.leaderEpoch === leaderEpoch && shard.partition === partition) return
    this.#forget(index)
    if (isLeader) this.#load(partition, 0)
  }

  #forget(index: number): void {
    this.#reloads.get(index)?.timer.cancel()
    this.#reloads.delete(index)
    const shard = this.#shards.get(index)
    if (!shard) return
    shard.close()
    this.#shards.delete(index)
    this.#noteReport()
    this.#options.log.info({ topic: offsetsTopic, partition: index }, 'no longer coordinating groups')
  }

  #load(partition: Partition, changeCount: number): void {
    const shard = new Shard(partition, this.#host, changeCount)
    this.#shards.set(partition.index, shard)
    void shard.load().then(() => {
      if (shard.state === 'ready') this.#reloads.delete(partition.index)
    })
  }

  /** What it had in memory may be ahead of the log, so it begins again with what is there. */
  #reloadLater(failed: Shard): void {
    const { index } = failed.partition
    if (this.#shards.get(index) !== failed) return
    this.#noteReport()
    const failures = (this.#reloads.get(index)?.failures ?? 0) + 1
    const delayMs = Math.min(reloadMs.first * 2 ** (failures - 1), reloadMs.most)
    const reload = () => {
      if (this.#shards.get(index) !== failed || !failed.partition.isLeader) return
      // Its last writes may still reach the log, and have to be read as well.
      if (failed.pending > 0) this.#reloads.set(index, { failures, timer: this.#runtime.clock.after(delayMs, reload) })
      else this.#load(failed.partition, failed.changeCount)
    }
    this.#reloads.set(index, { failures, timer: this.#runtime.clock.after(delayMs, reload) })
  }

  // ---------------------------------------------------------------- upkeep

  #groupCount(): number {
    let total = 0
    for (const { groups } of this.#shards.values()) total += groups.size
    return total
  }

  #reportBytes(): number {
    let total = 0
    for (const { reportBytes } of this.#shards.values()) total += reportBytes
    return total
  }

  /** Members may also have named a topic before it was made. */
  #followTopics(topics: readonly TopicState[]): void {
    const names = new Set(topics.map(({ name }) => name))
    let renewed = false
    for (const shard of this.#shards.values()) {
      shard.followTopics(topics)
      renewed = shard.renewReports(names) || renewed
    }
    if (renewed) this.#noteReport()
  }

  #noteReport(): void {
    this.#reports = null
    if (this.#reportNoted || this.#closed) return
    this.#reportNoted = true
    this.#runtime.clock.soon(() => {
      this.#reportNoted = false
      for (const listener of [...this.#listeners]) listener()
    })
  }

  #expireLater(): Timer {
    const { clock } = this.#runtime
    return clock.after(this.#options.settings.offsetsRetentionCheckIntervalMs, () => {
      for (const shard of this.#shards.values()) shard.expireOffsets(clock.wallMs())
      this.#retentionTimer = this.#expireLater()
    })
  }
}

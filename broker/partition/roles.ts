// Gives each partition its role, as the newest that Castle said of its topic has it: it leads, follows, does neither, or its log is made,
// made anew, or goes.
import { effectiveConfigs } from '@castellan/protocol'
import type { PartitionState, TopicState } from '@castellan/protocol/heartbeat'
import type { Clock } from '@castellan/protocol/runtime'
import type { LogContext } from '../log/context.ts'
import type { Logs } from './logs.ts'
import type { Partition } from './partition.ts'
import { Slices } from './slices.ts'
import type { Table } from './table.ts'

export interface RolesOptions {
  readonly brokerId: number
  readonly context: LogContext
  readonly table: Table
  readonly logs: Logs
  /** As PartitionsOptions has it. */
  readonly isNewest: (topicId: string) => boolean
}

/** Roles given in one turn of the loop: memory only. */
const rolesPerTurn = 1_000

export class Roles {
  readonly #options: RolesOptions
  readonly #brokerId: number
  readonly #table: Table
  readonly #logs: Logs
  readonly #slices: Slices

  constructor(clock: Clock, options: RolesOptions) {
    this.#options = options
    this.#brokerId = options.brokerId
    this.#table = options.table
    this.#logs = options.logs
    this.#slices = new Slices(clock, rolesPerTurn)
  }

  /** What has not been given yet never will be. */
  close(): void {
    this.#slices.stop()
  }

  /** As Partitions.apply. */
  apply(state: TopicState): void {
    if (state.deleted) return this.#logs.delete(state.topicId)
    const { topicId, partitions } = state
    this.#table.states.set(topicId, state)
    const held = [...(this.#table.ofTopic(topicId)?.keys() ?? [])]
    // A few at once, thousands over several turns: by then there may be a newer state.
    for (const index of held) this.#slices.run(() => this.applyOne(topicId, index))
    for (const [index, { replicas }] of partitions.entries()) {
      if (replicas.includes(this.#brokerId) && this.#table.get(topicId, index) === undefined)
        this.#slices.run(() => this.applyOne(topicId, index))
    }
  }

  /** As the newest state says, whatever was decided before. */
  applyOne(topicId: string, index: number): void {
    const state = this.#table.states.get(topicId)
    if (state === undefined) return
    const partition = this.#table.get(topicId, index)
    if (partition !== undefined) return this.give(partition, state)
    if (state.partitions[index]?.replicas.includes(this.#brokerId) !== true) return
    this.#logs.add(topicId, index, state.name)
  }

  give(partition: Partition, state: TopicState): void {
    const decided = state.partitions[partition.index]
    if (decided === undefined || decided.leaderEpoch < partition.leaderEpoch) return
    const { leader, leaderEpoch, replicas, removed = [] } = decided
    const { leadership } = partition
    if (partition.isBusy && !(leader === this.#brokerId && leadership.leadsAt(leaderEpoch))) {
      // It stops leading at once; the rest it is told again when its log is idle: see `noteIdle`.
      if (partition.isLeader) leadership.resign(-1)
      return
    }
    const isReplica = replicas.includes(this.#brokerId)
    if (!isReplica && removed.includes(this.#brokerId)) return this.#logs.remove(partition)
    const mayBeRebuilt = partition.isDamaged && this.#options.isNewest(partition.topicId)
    if (mayBeRebuilt && mayRebuild(decided, this.#brokerId)) return this.#logs.rebuild(partition)
    if (partition.log === undefined || partition.fault !== null) return
    const settings = effectiveConfigs(state.configs, decided)
    partition.configure(state.name, settings)
    partition.log.configure(this.#logs.settings(settings))
    // Castle did not know yet that this log lacks something: it hears of it by the report, and elects another.
    const mustNotLead = leader === this.#brokerId && partition.isAnew
    if (!isReplica || leader < 0 || mustNotLead) leadership.resign(leaderEpoch)
    else if (leader !== this.#brokerId) leadership.follow(leader, leaderEpoch)
    else if (!leadership.lead(decided)) this.#refuseToLead(partition, leaderEpoch)
  }

  /** Castle hears of it by the report, and names a higher epoch. */
  #refuseToLead({ topic, index, leaderEpoch: known }: Partition, leaderEpoch: number): void {
    this.#options.context.log.info(
      { topic, partition: index, leaderEpoch, known },
      'not leading: the epoch was led before (R5)',
    )
  }
}

/** Somebody else leads, and nobody counts on this replica: what its log still has may go. */
function mayRebuild({ leader, replicas, isr, elr = [] }: PartitionState, brokerId: number): boolean {
  const isElsewhere = leader >= 0 && leader !== brokerId && replicas.includes(brokerId)
  return isElsewhere && !isr.includes(brokerId) && !elr.includes(brokerId)
}

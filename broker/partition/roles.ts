// Gives each partition its role, as the newest that Castle said of its topic has it: it leads, follows, does neither, or its log is made,
// made anew, or goes.
import { effectiveConfigs } from '@castellan/protocol'
import type { PartitionState, TopicState } from '@castellan/protocol/heartbeat'
import type { Clock } from '@castellan/protocol/runtime'
import type { LogContext } from '../log/context.ts'
import { dutyOf, type ReplicaHere } from './duty.ts'
import type { Logs } from './logs.ts'
import type { Partition } from './partition.ts'
import type { Salvages } from './salvages.ts'
import { Slices } from './slices.ts'
import type { Table } from './table.ts'

export interface RolesOptions {
  readonly brokerId: number
  readonly context: LogContext
  readonly table: Table
  readonly logs: Logs
  readonly salvages: Salvages
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
  readonly #salvages: Salvages
  readonly #slices: Slices

  constructor(clock: Clock, options: RolesOptions) {
    this.#options = options
    this.#brokerId = options.brokerId
    this.#table = options.table
    this.#logs = options.logs
    this.#salvages = options.salvages
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
    if (decided === undefined) return
    const duty = dutyOf(decided, this.#here(partition))
    const { leadership } = partition
    switch (duty.kind) {
      case 'none':
        return
      case 'stand down': // the rest is told again when its log is idle: see `noteIdle`
        return leadership.resign(-1)
      case 'remove':
        return this.#logs.remove(partition)
      case 'rebuild':
        return this.#logs.rebuild(partition)
      case 'survey':
        return this.#salvages.survey(partition)
      case 'salvage':
        return this.#salvages.salvage(partition)
    }
    this.#configure(partition, state, decided)
    switch (duty.kind) {
      case 'resign':
        return leadership.resign(duty.leaderEpoch)
      case 'follow':
        return leadership.follow(duty.leader, duty.leaderEpoch)
      case 'lead':
        return leadership.lead(decided)
      case 'refuse to lead':
        return this.#refuseToLead(partition, decided.leaderEpoch)
    }
  }

  #here(partition: Partition): ReplicaHere {
    const { leaderEpoch, isLeader, isBusy, isDamaged, isAnew, log, fault, topicId, sound } = partition
    const isUsable = log !== undefined && fault === null
    // Only then it matters, and it is looked up.
    const isNewest = !(isDamaged || isAnew) || this.#options.isNewest(topicId)
    const role = { leaderEpoch, isLeader, isBusy, isUsable, isDamaged, isAnew, isNewest, sound }
    return { brokerId: this.#brokerId, ...role }
  }

  #configure(partition: Partition, state: TopicState, decided: PartitionState): void {
    const settings = effectiveConfigs(state.configs, decided)
    partition.configure(state.name, settings)
    partition.log?.configure(this.#logs.settings(settings))
  }

  /** Castle hears of it by the report, and names a higher epoch. */
  #refuseToLead({ topic, index, leaderEpoch: known }: Partition, leaderEpoch: number): void {
    this.#options.context.log.info(
      { topic, partition: index, leaderEpoch, known },
      'not leading: the epoch was led before (R5)',
    )
  }
}

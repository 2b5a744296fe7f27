// What a topic's settings say about who may lead its partitions and who counts as in sync.
import { effectiveConfigs } from '@castellan/protocol'
import type { PartitionState } from '@castellan/protocol/heartbeat'
import { replicationFactorOf, type TopicSettings } from '@castellan/protocol/settings'
import type { Topic } from '../state/entities.ts'

export interface Rules {
  /** Ack -1 is refused, and the high watermark rests, while the ISR is smaller (R6). */
  readonly minIsr: number
  /**
   * Whether who leaves an ISR that is too small stays eligible (KIP-966). It holds all that is below the high watermark, which rests; but
   * Ack 1 goes on without it, so that electing it later would lose more than R2 allows: only where every message is Ack -1.
   */
  readonly keepsElr: boolean
  /**
   * Whether a leader that lives hands over before another leads: what it acknowledged at Ack 1 may be nowhere else yet, and only its death permits
   * that it is lost (R2). At Ack -1 others have it already; Ack 0 promises nothing.
   */
  readonly handsOver: boolean
  /** Whether the longest log that is left leads when nobody in sync can (R7). */
  readonly electsUnclean: boolean
}

/** The rules of each partition of a topic: looked up once for all that have as many replicas. */
export function rulesOf({
  configs,
  ackLevel,
}: Pick<Topic, 'configs' | 'ackLevel'>): (partition: PartitionState) => Rules {
  const keepsElr = ackLevel === -1
  const handsOver = ackLevel === 1
  const known = new Map<number, Rules>()
  return (partition) => {
    const factor = replicationFactorOf(partition)
    let rules = known.get(factor)
    if (rules === undefined) {
      const { minInsyncReplicas, uncleanLeaderElectionEnable } = settingsOf(configs, factor, partition)
      // As leaders have it: what can never be is not waited for.
      const minIsr = Math.min(minInsyncReplicas, Math.max(1, factor))
      rules = { minIsr, keepsElr, handsOver, electsUnclean: uncleanLeaderElectionEnable }
      known.set(factor, rules)
    }
    return rules
  }
}

/** By replication factor, of topics without settings of their own: nearly all, and an election asks for thousands. */
const defaults = new Map<number, TopicSettings>()

function settingsOf(configs: Topic['configs'], factor: number, partition: PartitionState): TopicSettings {
  for (const _ in configs) return effectiveConfigs(configs, partition)
  let settings = defaults.get(factor)
  if (settings === undefined) {
    settings = effectiveConfigs(configs, partition)
    defaults.set(factor, settings)
  }
  return settings
}

/**
 * Eligible leaders once the ISR is `isr`: those that left it, and those that were eligible already, while it is too small. `isSound`: its
 * log is in use and what it was.
 */
export function elrAfter(
  { replicas, isr: before, elr = [] }: PartitionState,
  isr: readonly number[],
  { minIsr, keepsElr }: Rules,
  isSound: (brokerId: number) => boolean,
): number[] {
  if (!keepsElr || isr.length >= minIsr) return []
  return replicas.filter((id) => (before.includes(id) || elr.includes(id)) && !isr.includes(id) && isSound(id))
}

/** The partition with another ISR, and a higher partition epoch. */
export function withIsr(partition: PartitionState, isr: readonly number[], elr: readonly number[]): PartitionState {
  const changed: PartitionState = { ...partition, partitionEpoch: partition.partitionEpoch + 1, isr: [...isr] }
  if (changed.next !== undefined && !isr.includes(changed.next)) delete changed.next
  if (elr.length > 0) return { ...changed, elr: [...elr] }
  if (changed.elr !== undefined) delete changed.elr
  return changed
}

/** The partition that `next` leads next; the same object where that is known. */
export function withNext(partition: PartitionState, next: number): PartitionState {
  return partition.next === next ? partition : { ...partition, next, partitionEpoch: partition.partitionEpoch + 1 }
}

/** The partition whose leader stays; the same object where it does already. */
export function withoutNext(partition: PartitionState): PartitionState {
  if (partition.next === undefined) return partition
  const { next: _, ...rest } = partition
  return { ...rest, partitionEpoch: partition.partitionEpoch + 1 }
}

/** The partition at a new leader epoch, above all that a replica reports; -1: nobody leads. What was under way is over. */
export function withLeader(partition: PartitionState, leader: number, highestEpoch: number): PartitionState {
  const { next: _, salvage: __, ...rest } = partition
  const leaderEpoch = Math.max(partition.leaderEpoch, highestEpoch) + 1
  return { ...rest, leader, leaderEpoch, partitionEpoch: partition.partitionEpoch + 1 }
}

/**
 * The partition under other rules than it was: where the ISR is large enough now, or Ack 1 may go on, whoever was eligible is not any more, in
 * the same change that lets the high watermark move on. And a leader that has not heard of them may not shrink its ISR under them, for whoever
 * left it would count as eligible while the leader acknowledges without it: what it proposes meanwhile is refused.
 */
export function underRules(partition: PartitionState, rules: Rules, before: Rules): PartitionState {
  const { isr, elr = [] } = partition
  const { minIsr, keepsElr } = rules
  if (elr.length > 0 && !(keepsElr && isr.length < minIsr)) return withIsr(partition, isr, [])
  if (minIsr === before.minIsr && keepsElr === before.keepsElr) return partition
  return { ...partition, partitionEpoch: partition.partitionEpoch + 1 }
}

// What a topic's settings say about who may lead its partitions and who counts as in sync.
import { effectiveConfigs } from '@castellan/protocol'
import type { PartitionState } from '@castellan/protocol/heartbeat'
import { replicationFactorOf } from '@castellan/protocol/settings'
import type { Topic } from '../state/entities.ts'

export interface Rules {
  /** Ack -1 is refused, and the high watermark rests, while the ISR is smaller (R6). */
  readonly minIsr: number
  /**
   * Whether who leaves an ISR that is too small stays eligible (KIP-966). It holds all that is below the high watermark, which rests; but
   * Ack 1 goes on without it, so that electing it later would lose more than R2 allows: only where every message is Ack -1.
   */
  readonly keepsElr: boolean
  /** Whether the longest log that is left leads when nobody in sync can (R7). */
  readonly electsUnclean: boolean
}

/** The rules of each partition of a topic: looked up once for all that have as many replicas. */
export function rulesOf(topic: Pick<Topic, 'configs' | 'ackLevel'>): (partition: PartitionState) => Rules {
  const known = new Map<number, Rules>()
  return (partition) => {
    const factor = replicationFactorOf(partition)
    let rules = known.get(factor)
    if (rules === undefined) {
      const { minInsyncReplicas, uncleanLeaderElectionEnable } = effectiveConfigs(topic.configs, partition)
      rules = {
        // As leaders have it: what can never be is not waited for.
        minIsr: Math.min(minInsyncReplicas, Math.max(1, factor)),
        keepsElr: topic.ackLevel === -1,
        electsUnclean: uncleanLeaderElectionEnable,
      }
      known.set(factor, rules)
    }
    return rules
  }
}

/**
 * Eligible leaders once the ISR is `isr`: those that left it, and those that were eligible already, while it is too small. `isSound`: its
 * log is in use and what it was.
 */
export function elrAfter(
  before: PartitionState,
  isr: readonly number[],
  { minIsr, keepsElr }: Rules,
  isSound: (brokerId: number) => boolean,
): number[] {
  if (!keepsElr || isr.length >= minIsr) return []
  const eligible = new Set([...before.isr, ...(before.elr ?? [])])
  return before.replicas.filter((id) => eligible.has(id) && !isr.includes(id) && isSound(id))
}

/** The partition with another ISR, and a higher partition epoch. */
export function withIsr(partition: PartitionState, isr: readonly number[], elr: readonly number[]): PartitionState {
  const { elr: _, ...rest } = partition
  const partitionEpoch = partition.partitionEpoch + 1
  return { ...rest, partitionEpoch, isr: [...isr], ...(elr.length > 0 ? { elr: [...elr] } : {}) }
}

/**
 * The partitions under other rules: where the ISR is large enough now, or Ack 1 may go on, whoever was eligible is not any more, in the same
 * change that lets the high watermark move on.
 */
export function underRules(
  partitions: readonly PartitionState[],
  rules: (partition: PartitionState) => Rules,
): PartitionState[] {
  return partitions.map((partition) => {
    const { isr, elr = [] } = partition
    const { minIsr, keepsElr } = rules(partition)
    return elr.length === 0 || (keepsElr && isr.length < minIsr) ? partition : withIsr(partition, isr, [])
  })
}

// What a topic's settings say about who may lead its partitions and who counts as in sync.
import { effectiveConfigs } from '@castellan/protocol'
import type { PartitionState } from '@castellan/protocol/heartbeat'
import type { Topic } from '../state/entities.ts'

export interface Rules {
  /** Ack -1 is refused, and the high watermark rests, while the ISR is smaller (R6). */
  readonly minIsr: number
  /**
   * Whether who leaves an ISR that is too small stays eligible (KIP-966). It holds all that is below the high watermark, which rests; but
   * Ack 1 goes on without it, so that electing it later would lose more than R2 allows: only where every message is Ack -1.
   */
  readonly keepsElr: boolean
}

export function rulesOf(topic: Pick<Topic, 'configs' | 'ackLevel'>, partition: PartitionState): Rules {
  const { minInsyncReplicas } = effectiveConfigs(topic.configs)
  return { minIsr: Math.min(minInsyncReplicas, partition.replicas.length), keepsElr: topic.ackLevel === -1 }
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

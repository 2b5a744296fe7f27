// How the partitions of a topic do, pure: counted by their state, and each replica beside its leader.
import type { TopicOffsets, TopicView } from '../api/types.ts'

export type PartitionView = TopicView['partitions'][number]

/** As the list of topics has it. */
export interface StateCounts {
  readonly leaderless: number
  readonly belowMinIsr: number
  readonly underReplicated: number
}

export function countStates(partitions: readonly Pick<PartitionView, 'state'>[]): StateCounts {
  const of = (wanted: PartitionView['state']) => partitions.filter(({ state }) => state === wanted).length
  return { leaderless: of('offline'), belowMinIsr: of('below-min-isr'), underReplicated: of('under-replicated') }
}

/** The higher the worse: one partition without a leader outweighs any number below min ISR, and so on. */
export function troubleOf({ leaderless, belowMinIsr, underReplicated }: StateCounts): number {
  return leaderless * 1e10 + belowMinIsr * 1e5 + underReplicated
}

/** Of partitions, the higher the worse. */
export const stateOrder = { ok: 0, moving: 1, 'under-replicated': 2, 'below-min-isr': 3, offline: 4 } as const

export interface ReplicaView {
  readonly broker: number
  readonly isLeader: boolean
  readonly isInSync: boolean
  /** Its LEO; null: its broker does not tell, undefined: not yet asked. */
  readonly end: number | null | undefined
  /** Of its segments; null or undefined: not known. */
  readonly bytes: number | null | undefined
  /** Messages that the leader has and it does not; undefined: one of both is not known. */
  readonly behind: number | undefined
  /** Why it is not in sync. */
  readonly why: PartitionView['missing'][number]['why'] | undefined
}

export function replicasOf(
  { leader, replicas, isr, missing }: Pick<PartitionView, 'leader' | 'replicas' | 'isr' | 'missing'>,
  ends: TopicOffsets['items'][number]['replicas'] | undefined,
): ReplicaView[] {
  const toldOf = (id: number) => ends?.find(({ broker }) => broker === id)
  const leaderEnd = toldOf(leader)?.end
  return replicas.map((broker) => {
    const { end, bytes } = toldOf(broker) ?? {}
    // Asked one after the other while messages come in: a follower may even seem to be ahead.
    const behind = end == null || leaderEnd == null ? undefined : Math.max(0, leaderEnd - end)
    const why = missing.find((each) => each.broker === broker)?.why
    return { broker, isLeader: broker === leader, isInSync: isr.includes(broker), end, bytes, behind, why }
  })
}

// How many replicas of a partition have to be in sync for Ack -1 (R6). In a file of its own because Castle (elections, plans), brokers
// (acknowledging, DescribeConfigs) and people must all mean the same number, without it being told in each message.

/** The partition's replicas as its state has them. */
export interface ReplicaSet {
  readonly replicas: readonly number[]
  readonly adding?: readonly number[]
  readonly removing?: readonly number[]
}

/**
 * The replicas that a partition has for certain: while they change (KIP-455), as many as it has before and after. Those on their way in
 * do not count yet: else a topic that gets its second and third replica would refuse every write until one of them has caught up.
 */
export function replicationFactorOf({ replicas, adding = [], removing = [] }: ReplicaSet): number {
  return replicas.length - Math.max(adding.length, removing.length)
}

/** What min.insync.replicas is where nobody says: one replica of three may be gone without a pause or a loss. */
export function minInsyncDefault(replicationFactor: number): number {
  return replicationFactor >= 3 ? 2 : 1
}

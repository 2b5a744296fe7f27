// Which partition a message goes to: the one it names, else by its key as Kafka's Java client does (so that all clients
// agree), else sticky: one partition after another, each for a whole batch (KIP-480), steering away from partitions whose
// queue is long or that nobody leads (KIP-794).
import { partitionForKey } from '@castellan/protocol/records'
import { type Random, randomInt } from '@castellan/protocol/runtime'

/** The partition of a key, by murmur2 of its bytes as Kafka's Java client computes it. */
export function keyPartition(key: Uint8Array | string, partitionCount: number): number {
  return partitionForKey(typeof key === 'string' ? Buffer.from(key) : key, partitionCount)
}

export interface PartitionLoad {
  /** It has a leader that is up. */
  readonly available: boolean
  /** Batches that wait for it. */
  readonly queued: number
}

/** Chooses among partitions by lot: an unavailable one only when none is available, a longer queue less often. */
export function choosePartition(loads: readonly PartitionLoad[], random: Random): number {
  const noneAvailable = !loads.some(({ available }) => available)
  const longest = loads.reduce((most, { queued }) => Math.max(most, queued), 0)
  const weights = loads.map(({ available, queued }) => (available || noneAvailable ? longest + 1 - queued : 0))
  let lot = randomInt(
    random,
    weights.reduce((sum, weight) => sum + weight, 0),
  )
  for (const [partition, weight] of weights.entries()) {
    lot -= weight
    if (lot < 0) return partition
  }
  return 0
}

/** Keeps to a partition until it is told to move on. */
export class StickyPartitioner {
  readonly #random: Random
  readonly #loads: () => readonly PartitionLoad[]
  #current = -1

  constructor(random: Random, loads: () => readonly PartitionLoad[]) {
    this.#random = random
    this.#loads = loads
  }

  partition(): number {
    if (this.#current < 0) this.#current = choosePartition(this.#loads(), this.#random)
    return this.#current
  }

  /** A batch of this partition is closed. */
  closed(partition: number): void {
    if (partition === this.#current) this.#current = -1
  }
}

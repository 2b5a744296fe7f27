// Sets of partitions: as a member holds them (with the epoch at which each was assigned, KIP-1251), as a target
// names them, and as a client reports them.
import type { PartitionsByTopic } from '@castellan/protocol/heartbeat'

/** topic id -> partition -> the group's epoch when the partition was assigned. No empty topics. Never changed in place. */
export type Owned = ReadonlyMap<string, ReadonlyMap<number, number>>

/** Partitions of one topic as ConsumerGroupHeartbeat carries them. */
export interface TopicPartitions {
  readonly topicId: string
  readonly partitions: readonly number[]
}

export const nothingOwned: Owned = new Map()

/** The epoch at which the partition was assigned; undefined: not in it. */
export function assignmentEpoch(owned: Owned, topicId: string, partition: number): number | undefined {
  return owned.get(topicId)?.get(partition)
}

export function countOwned(owned: Owned): number {
  let total = 0
  for (const partitions of owned.values()) total += partitions.size
  return total
}

export function countTarget(target: PartitionsByTopic): number {
  let total = 0
  for (const topicId in target) total += target[topicId]!.length
  return total
}

/** Splits `owned` into what `target` names and what it does not. */
export function split(owned: Owned, target: PartitionsByTopic): { kept: Owned; lost: Owned } {
  const kept = new Map<string, Map<number, number>>()
  const lost = new Map<string, Map<number, number>>()
  for (const [topicId, partitions] of owned) {
    const wanted = new Set(target[topicId])
    for (const [partition, epoch] of partitions) put(wanted.has(partition) ? kept : lost, topicId, partition, epoch)
  }
  return { kept, lost }
}

/** `owned`, and what of `target` is missing in it and `isFree`, as assigned at `epoch`. */
export function withFree(
  owned: Owned,
  target: PartitionsByTopic,
  epoch: number,
  isFree: (topicId: string, partition: number) => boolean,
): Owned {
  const result = new Map<string, Map<number, number>>()
  for (const [topicId, partitions] of owned) result.set(topicId, new Map(partitions))
  for (const [topicId, partitions] of Object.entries(target)) {
    for (const partition of partitions) {
      if (assignmentEpoch(owned, topicId, partition) === undefined && isFree(topicId, partition)) {
        put(result, topicId, partition, epoch)
      }
    }
  }
  return result
}

export function withoutTopic(owned: Owned, topicId: string): Owned {
  if (!owned.has(topicId)) return owned
  const result = new Map(owned)
  result.delete(topicId)
  return result
}

/** Does the client still report any of these? Null: it said nothing, so it may still have them all. */
export function stillReports(reported: readonly TopicPartitions[] | null, owned: Owned): boolean {
  if (reported === null) return true
  return reported.some(({ topicId, partitions }) => {
    const mine = owned.get(topicId)
    return mine !== undefined && partitions.some((partition) => mine.has(partition))
  })
}

/** Is everything that the client reports in one of these? */
export function reportsOnly(reported: readonly TopicPartitions[], ...sets: readonly Owned[]): boolean {
  return reported.every(({ topicId, partitions }) =>
    partitions.every((partition) => sets.some((owned) => owned.get(topicId)?.has(partition) === true)),
  )
}

/** Does the client report exactly these? */
export function reportsExactly(reported: readonly TopicPartitions[], owned: Owned): boolean {
  const total = reported.reduce((sum, { partitions }) => sum + new Set(partitions).size, 0)
  return total === countOwned(owned) && reportsOnly(reported, owned)
}

/** As the wire has it. */
export function toTopicPartitions(owned: Owned): { topicId: string; partitions: number[] }[] {
  return [...owned].map(([topicId, partitions]) => ({ topicId, partitions: [...partitions.keys()] }))
}

/** Sorted, without repeats and empty topics: equal sets look equal. */
export function normalTarget(target: PartitionsByTopic): PartitionsByTopic {
  const result: PartitionsByTopic = {}
  for (const topicId of Object.keys(target).sort()) {
    const partitions = [...new Set(target[topicId])].sort((a, b) => a - b)
    if (partitions.length > 0) result[topicId] = partitions
  }
  return result
}

/** Of two normal targets. */
export function sameTarget(a: PartitionsByTopic, b: PartitionsByTopic): boolean {
  const topics = Object.keys(a)
  if (topics.length !== Object.keys(b).length) return false
  return topics.every((topicId) => {
    const [left, right] = [a[topicId]!, b[topicId]]
    return right?.length === left.length && left.every((partition, at) => partition === right[at])
  })
}

function put(into: Map<string, Map<number, number>>, topicId: string, partition: number, epoch: number): void {
  const partitions = into.get(topicId)
  if (partitions) partitions.set(partition, epoch)
  else into.set(topicId, new Map([[partition, epoch]]))
}

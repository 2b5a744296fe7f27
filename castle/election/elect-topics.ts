// Elections for all partitions that a change concerns: a broker came, went, or reported a fault or a newer epoch. One topic
// is one subject, so it gets one new version however many of its partitions changed.
import type { BrokerReports } from '../brokers/reports.ts'
import type { Draft } from '../state/draft.ts'
import type { Topic } from '../state/entities.ts'
import { topicsOf } from '../state/state.ts'
import { elect } from './election.ts'

export interface Elected {
  /** Partitions whose leader or leader epoch changed. */
  readonly partitions: number
  readonly topics: readonly string[]
  /** Those that have no leader now. */
  readonly leaderless: number
}

export interface Occasion {
  readonly brokerId: number
  readonly cluster: string
  /** It is a new process of that broker. */
  readonly reborn: boolean
  /** Look at these topics only. */
  readonly topicIds?: ReadonlySet<string>
}

/** Looks at every partition that has a replica on the broker. */
export function electFor(draft: Draft, reports: BrokerReports, occasion: Occasion): Elected {
  const { brokerId, cluster, reborn, topicIds } = occasion
  const topics: string[] = []
  let partitions = 0
  let leaderless = 0
  for (const topic of [...topicsOf(draft, cluster)]) {
    if (topic.deleted || topicIds?.has(topic.topicId) === false) continue
    const after = topic.partitions.map((partition, index) => {
      if (!partition.replicas.includes(brokerId)) return partition
      const next = elect(partition, {
        isElectable: (id) =>
          draft.get('broker', String(id))?.up === true && reports.fault(id, topic.topicId, index) === null,
        highestEpoch: reports.highestEpoch(partition.replicas, topic.topicId, index),
        ...(reborn ? { reborn: brokerId } : {}),
      })
      if (next === undefined) return partition
      partitions += 1
      if (next.leader === -1) leaderless += 1
      return next
    })
    if (after.every((partition, index) => partition === topic.partitions[index])) continue
    const changed: Topic = { ...topic, partitions: after, version: draft.nextVersion() }
    draft.put('topic', changed)
    topics.push(topic.name)
  }
  return { partitions, topics, leaderless }
}

export function inWords({ partitions, topics, leaderless }: Elected): string {
  if (partitions === 0) return 'no election needed'
  const without = leaderless === 0 ? '' : `, ${leaderless} of them have no leader now`
  return `elected ${partitions} partition${partitions === 1 ? '' : 's'} of ${topics.length} topic${topics.length === 1 ? '' : 's'}${without}`
}

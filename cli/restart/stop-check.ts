// Whether a broker may be stopped now, by what Castle's API says of all partitions. Pure.
//
//   passes by itself:  a replica is not in sync, a partition has no leader      -> wait
//   stays:             too few replicas are left for Ack -1, or none at all     -> only if somebody means it
import type { PartitionView, TopicView } from '@castellan/castle/views'

export interface Obstacle {
  readonly topic: string
  readonly partition: number
  /** For people; follows the partition's name. */
  readonly why: string
  /** False: waiting does not help. */
  readonly passes: boolean
}

/** What speaks against stopping the broker now; nothing: it may be stopped. Undefined: no broker in particular. */
export function obstaclesTo(broker: number | undefined, topics: readonly TopicView[]): Obstacle[] {
  return topics.flatMap((topic) =>
    topic.partitions.flatMap((partition): Obstacle[] => {
      const { name } = topic
      const lasting = broker === undefined ? null : tooFewWithout(broker, topic, partition)
      if (lasting !== null) return [{ topic: name, partition: partition.partition, why: lasting, passes: false }]
      const passing = topic.doubt === null ? unfit(partition) : `is in doubt: ${topic.doubt.why}`
      return passing === null ? [] : [{ topic: name, partition: partition.partition, why: passing, passes: true }]
    }),
  )
}

/** Never enough others, however long one waits. */
function tooFewWithout(
  broker: number,
  { ackLevel, minInsyncReplicas }: TopicView,
  partition: PartitionView,
): string | null {
  const { replicas, removing } = partition
  if (!replicas.includes(broker) || removing.includes(broker)) return null
  const others = replicas.length - removing.length - 1
  if (others === 0) return 'has no other replica: it could be neither written nor read'
  if (ackLevel !== -1 || others >= minInsyncReplicas) return null
  return `needs ${minInsyncReplicas} in sync for Ack -1 (min.insync.replicas), and has only ${others} without it`
}

function unfit({ leader, missing }: PartitionView): string | null {
  if (leader === -1) return 'has no leader'
  if (missing.length === 0) return null
  return `is not in sync: ${missing.map(({ broker, why }) => `${broker} ${why}`).join(', ')}`
}

const namedMax = 3

/** In one line: how many, and the first ones. */
export function obstaclesText(obstacles: readonly Obstacle[]): string {
  const named = obstacles.slice(0, namedMax).map(({ topic, partition, why }) => `${topic}/${partition} ${why}`)
  const more = obstacles.length - named.length
  return named.join('; ') + (more > 0 ? `; and ${more} more` : '')
}

// How safe each partition is at the moment, for people: which of its replicas are out of sync and why, and what that forbids.
import type { PartitionState } from '@castellan/protocol/heartbeat'
import type { Castle } from '../castle.ts'
import { type Rules, rulesOf } from '../election/rules.ts'
import { type Standing, Standings } from '../election/standing.ts'
import type { Topic } from '../state/entities.ts'
import type { PartitionView, TopicSummary } from './schemas/topics.ts'

type State = PartitionView['state']
type Missing = PartitionView['missing'][number]

export function viewPartitions({ state, brokers }: Castle, topic: Topic): PartitionView[] {
  const rules = rulesOf(topic)
  const standings = new Standings(state, brokers.reports)
  return topic.partitions.map((partition, index) => {
    const { leader, leaderEpoch, replicas, isr, elr = [], adding = [], removing = [] } = partition
    const missing = missingOf(partition, (id) => standings.of(id, topic.topicId, index))
    const shown = { partition: index, leader, leaderEpoch, replicas, isr, elr, adding, removing }
    return { ...shown, state: stateOf(partition, rules(partition)), missing }
  })
}

/** What is told of a topic where its partitions are not. */
export function countStates(topic: Topic): Pick<TopicSummary, 'leaderless' | 'belowMinIsr' | 'underReplicated'> {
  const counts = { offline: 0, 'below-min-isr': 0, 'under-replicated': 0, moving: 0, ok: 0 } satisfies Record<
    State,
    number
  >
  const rules = rulesOf(topic)
  for (const partition of topic.partitions) counts[stateOf(partition, rules(partition))] += 1
  return {
    leaderless: counts.offline,
    belowMinIsr: counts['below-min-isr'],
    underReplicated: counts['under-replicated'],
  }
}

/** The worst that is true of it. */
export function stateOf(partition: PartitionState, { minIsr }: Rules): State {
  const { leader, isr, replicas, adding = [] } = partition
  if (leader === -1) return 'offline'
  if (isr.length < minIsr) return 'below-min-isr'
  if (replicas.some((id) => !isr.includes(id) && !adding.includes(id))) return 'under-replicated'
  return adding.length > 0 || (partition.removing ?? []).length > 0 ? 'moving' : 'ok'
}

/** The replicas that are not in sync; of a partition without a leader, those too that could lead if they were well. */
export function missingOf(partition: PartitionState, standing: (brokerId: number) => Standing): Missing[] {
  const { replicas, isr, leader, adding = [] } = partition
  return replicas.flatMap((broker): Missing[] => {
    const why = standing(broker)
    if (why !== 'fit') return isr.includes(broker) && leader !== -1 ? [] : [{ broker, why }]
    return isr.includes(broker) ? [] : [{ broker, why: adding.includes(broker) ? 'joining' : 'behind' }]
  })
}

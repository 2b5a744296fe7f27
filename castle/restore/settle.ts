// The doubt about a topic is over when everybody has reported and the newest that is known of it is in the store (R14). Then it is as if all of
// its brokers were new: what happened to them meanwhile was not acted upon, and whoever led before leads by a new leader epoch only (R5).
import { groupBy } from '@castellan/protocol'
import { castleEpochOf, type PartitionState } from '@castellan/protocol/heartbeat'
import type { BrokerReports } from '../brokers/reports.ts'
import { electFor, inWords } from '../election/elect-topics.ts'
import type { Draft } from '../state/draft.ts'
import type { Topic } from '../state/entities.ts'
import { awaitedBy, isInDoubt } from './doubts.ts'

/** Elections of one partition under one Castle, that the store and all of its replicas may have forgotten. */
const forgottenEpochsMax = 1_000
/** No Castle gets there by starting: what is above was told by somebody who lies, and leader epochs have an end, too. */
const castleEpochCounted = 1_000_000

export interface Settling {
  readonly reports: BrokerReports
  /** It has registered with this Castle, and reported. */
  readonly isHeard: (brokerId: number) => boolean
  /** Brokers that offer something newer of the topic than the store has, and have not said what. */
  readonly offering: (topic: Topic) => readonly number[]
}

/** Topics whose doubt can end. */
export function findSettled(topics: Iterable<Topic>, { isHeard, offering }: Settling): Topic[] {
  return [...topics].filter((topic) => {
    return !topic.deleted && isInDoubt(topic) && awaitedBy(topic, isHeard).length === 0 && offering(topic).length === 0
  })
}

export function settleDoubts(draft: Draft, settling: Settling): void {
  const { reports } = settling
  const settled = findSettled(draft.all('topic'), settling)
  for (const [cluster, topics] of groupBy(settled, (topic) => topic.cluster)) {
    for (const topic of topics) {
      const { doubt: _doubt, ...rest } = topic
      const version = draft.nextVersion()
      const partitions = topic.partitions.map((partition) => newTerm(partition, castleEpochOf(version)))
      draft.put('topic', { ...rest, partitions, version })
    }
    const uncleanOf = new Map(topics.map((topic) => [topic, uncleanIn(topic, reports)]))
    const unclean = new Set([...uncleanOf.values()].flat())
    for (const brokerId of unclean) {
      const concerned = topics.filter((topic) => uncleanOf.get(topic)?.includes(brokerId))
      electFor(draft, reports, { cluster, brokerId, unclean: true, topicIds: idsOf(concerned) })
    }
    const elected = electFor(draft, reports, { cluster, topicIds: idsOf(topics) })
    const names = topics.slice(0, 10).map(({ name }) => name)
    const more = topics.length > names.length ? ` and ${topics.length - names.length} more` : ''
    draft.decide({
      kind: 'doubt-over',
      what: `${topics.length} topic${topics.length === 1 ? ' is' : 's are'} in doubt no more: ${names.join(', ')}${more}; ${inWords(elected)}`,
      why: 'all brokers of their replicas have reported, or were given up',
      about: [`cluster/${cluster}`, ...topics.slice(0, 100).map(({ topicId }) => `topic/${topicId}`)],
    })
  }
}

/**
 * Brokers whose logs may lack what they had (R8): those that Castle saw come back so, and those that have no log of the topic at all while
 * others have: a store that does not know by which name their logs went cannot tell that their disk is another one.
 */
function uncleanIn({ topicId, partitions, doubt }: Topic, reports: BrokerReports): number[] {
  const counted = new Set(partitions.flatMap(({ isr, elr = [] }) => [...isr, ...elr]))
  const reported = [...counted].filter((id) => reports.of(id)?.replicates === true)
  const without = reported.filter((id) => !reports.hasLogsOf(id, topicId))
  const isHeldByOthers = partitions.some(({ replicas }) => replicas.some((id) => reports.hasLogsOf(id, topicId)))
  return [...new Set([...(doubt?.unclean ?? []), ...(isHeldByOthers ? without : [])])]
}

/**
 * Whoever leads is to be told anew, in whatever process. Elections raise it above what replicas report; the epochs that they have forgotten,
 * by a power loss of all, nobody reports, but clients may know: they are jumped over (R5). A store may go back twice to the same: the Castle
 * epoch differs, for it is above all that anybody has said. Pure.
 */
export function newTerm(partition: PartitionState, castleEpoch: number): PartitionState {
  const { leaderEpoch, partitionEpoch } = partition
  const ofCastle = Math.min(castleEpoch, castleEpochCounted) * forgottenEpochsMax
  return {
    ...partition,
    leaderEpoch: Math.max(leaderEpoch + forgottenEpochsMax, ofCastle),
    partitionEpoch: partitionEpoch + 1,
  }
}

function idsOf(topics: readonly Topic[]): Set<string> {
  return new Set(topics.map(({ topicId }) => topicId))
}
